import { expect, it } from '@jest/globals'

import { LONGEST, pictureOf, run } from './program.ts'

it(
  'the program for node:http prints the trace of its requests',
  async () => {
    const { output, traces } = await run('http')

    expect(output.trimEnd().split('\n')).toEqual(['200 1984', '404'])
    expect(traces).toEqual(['trace 6 spans, 1 service', ...pictureOf('http')])
  },
  LONGEST,
)
