import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import * as fc from 'fast-check'

import { anyText } from './arbitraries.ts'

/** Inputs of one kind of reader: those that every run tries, and those that are made from them. */
export interface Corpus {
  /** For the option `examples` of a property with one argument: tried first, in each run. */
  readonly examples: [string][]
  /** A text of the corpus with some changes, or any text. */
  readonly like: fc.Arbitrary<string>
}

/**
 * The corpus of that name in `tools/test-kit/corpus`: an array of inputs that are at the edge of what is valid, or that
 * were once read wrongly. An input found by `npm run fuzz` is added there.
 */
export function corpus(name: string): Corpus {
  const file = join(__dirname, '..', 'corpus', `${name}.json`)
  const texts = JSON.parse(readFileSync(file, 'utf8')) as string[]
  const parts = [...new Set(texts.flatMap(text => text.split(/(?<=\W)|(?=\W)/)))]
  const change = fc.record({
    at: fc.nat(200),
    removed: fc.constantFrom(0, 0, 1, 2, 8, 200),
    added: fc.oneof(fc.constantFrom(...parts), anyText(3)),
  })
  const changed = fc
    .tuple(fc.constantFrom(...texts), fc.array(change, { maxLength: 5 }))
    .map(([text, changes]) => changes.reduce(changedBy, text))
  return {
    examples: texts.map(text => [text]),
    like: fc.oneof({ weight: 9, arbitrary: changed }, { weight: 1, arbitrary: anyText(50) }),
  }
}

interface Change {
  readonly at: number
  readonly removed: number
  readonly added: string
}

function changedBy(text: string, { at, removed, added }: Change): string {
  const start = at % (text.length + 1)
  return text.slice(0, start) + added + text.slice(start + removed)
}
