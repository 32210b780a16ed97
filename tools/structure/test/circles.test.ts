import { describe, expect, it } from '@jest/globals'

import { findCircles } from '../src/circles.ts'
import { runtimeImportsOf } from '../src/sources.ts'

describe('findCircles', () => {
  it('finds no circle where imports run one way', () => {
    const graph = new Map([
      ['plugin', ['operation', 'host']],
      ['operation', ['host']],
      ['host', []],
    ])
    expect(findCircles(graph)).toEqual([])
  })

  it('names every file of a circle, and a file that imports itself', () => {
    const graph = new Map([
      ['pool', ['loan']],
      ['loan', ['checkout']],
      ['checkout', ['pool', 'name']],
      ['name', ['name']],
    ])
    expect(findCircles(graph)).toEqual([['name'], ['checkout', 'loan', 'pool']])
  })
})

describe('runtimeImportsOf', () => {
  it('leaves out what is imported for its types alone', () => {
    const text = [
      "import { once } from 'node:events'",
      "import type { Span } from './span.ts'",
      "import { type Chunk } from './chunk.ts'",
      "import { type Batch, send } from './batch.ts'",
      "export { flush } from './flush.ts'",
      "import '../registered.ts'",
    ].join('\n')
    expect(runtimeImportsOf(text)).toEqual(['./batch.ts', './flush.ts', '../registered.ts'])
  })
})
