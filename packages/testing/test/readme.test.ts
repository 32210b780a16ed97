import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, it } from '@jest/globals'

it('shows an example in the README that runs unchanged', () => {
  const readme = readFileSync(join(__dirname, '..', 'README.md'), 'utf8')
  const example = readFileSync(join(__dirname, 'readme-example.test.ts'), 'utf8')

  const blocks = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, block]) => block)
  expect(blocks).toContain(example)
})
