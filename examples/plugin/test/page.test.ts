import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, it } from '@jest/globals'

const ROOT = join(__dirname, '..', '..', '..')
const page = readFileSync(join(ROOT, 'docs', 'adding-a-plugin.md'), 'utf8')
const code = ['src/trace-polka.ts', 'test/trace-polka.test.ts']
  .map(file => readFileSync(join(__dirname, '..', file), 'utf8'))
  .join('\n')
const blocks = [...page.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, block = '']) => block)

it('quotes the code on the page as it is compiled and tested', () => {
  expect(blocks.filter(block => !code.includes(block))).toEqual([])
})

it('shows the whole plugin on the page', () => {
  const source = readFileSync(join(__dirname, '..', 'src', 'trace-polka.ts'), 'utf8')
  const shown = new Set(blocks.flatMap(block => block.split('\n')))
  expect(source.split('\n').filter(line => !shown.has(line))).toEqual([])
})
