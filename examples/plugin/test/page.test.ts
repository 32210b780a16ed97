import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, it } from '@jest/globals'

const ROOT = join(__dirname, '..', '..', '..')
const page = readFileSync(join(ROOT, 'docs', 'adding-a-plugin.md'), 'utf8')
const blocks = [...page.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, block = '']) => block)

it('shows the whole plugin on the page', () => {
  const source = readFileSync(join(__dirname, '..', 'src', 'trace-polka.ts'), 'utf8')
  const shown = new Set(blocks.flatMap(block => block.split('\n')))
  expect(source.split('\n').filter(line => !shown.has(line))).toEqual([])
})
