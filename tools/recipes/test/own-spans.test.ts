import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, it } from '@jest/globals'
import { stableLines } from '@spanwright/traces'

import { PATIENCE, programsOf, run } from './documented.ts'

const PAGE = '../own-spans.md'

const SET_UP = `
import { ConsoleExporter, startTracing } from '@spanwright/sdk'
startTracing({
  serviceName: 'shop',
  baggageAttributes: ['tenant.id'],
  exporter: new ConsoleExporter({
    detail: 'all',
    colors: false,
    width: 72,
    write: text => void process.stdout.write(text),
  }),
})
`

/** Imports that are allowed in a block, so that programs with the same names can run in one process. */
const toBlock = (program: string): string =>
  `{\n${program.replaceAll(/^import (.+) from (.+)$/gm, 'const $1 = await import($2)')}}\n`

it(
  'the programs of the page about spans of your own print its output',
  async () => {
    const page = readFileSync(join(__dirname, '..', '..', '..', 'docs', PAGE.slice(3)), 'utf8')
    const shown = [...page.matchAll(/^```text\n([^]*?)^```$/gm)].map(([, text = '']) => text)
    const programs = programsOf(PAGE)
    expect(programs).toHaveLength(shown.length)

    const printed = await run(SET_UP + programs.map(toBlock).join(''), 'module')

    expect(stableLines(printed)).toEqual(shown.flatMap(stableLines))
  },
  PATIENCE,
)
