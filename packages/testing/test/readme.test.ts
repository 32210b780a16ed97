import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from '@jest/globals'

const ROOT = join(__dirname, '..', '..', '..')

describe('a block of code', () => {
  it.each([
    ['packages/testing/README.md', 'readme-example.test.ts'],
    ['docs/testing.md', 'guards-example.test.ts'],
    ['docs/testing.md', 'runners/vitest/guards.spec.mts'],
    ['docs/testing.md', 'runners/node/guards.spec.ts'],
  ])('in %s is the test %s', (page, file) => {
    const text = readFileSync(join(ROOT, page), 'utf8')
    const example = readFileSync(join(__dirname, file), 'utf8')

    const blocks = [...text.matchAll(/```ts\n(.*?)```/gs)].map(([, block]) => block)
    expect(blocks).toContain(example)
  })
})
