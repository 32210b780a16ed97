import { relative } from 'node:path'

import { spansOf } from '../record/source.ts'
import { treesOf } from '../print/tree.ts'
import { wildcard } from '../match/wildcard.ts'
import type { Verdict } from '../match/verdicts.ts'
import { differenceOf } from './compare.ts'
import { baselinePath, readBaseline, type RunnerState, writeBaseline, writeModeOf } from './file.ts'
import { type ShapeNode, shapesOf } from './shape.ts'
import { readShapes, writeShapes } from './text.ts'

/** Options of a comparison with a baseline. */
export interface BaselineOptions {
  /** Attributes that the baseline keeps: keys, in which `*` stands for any text (`db.*`). Default: none. */
  readonly attributes?: readonly string[]
}

const HEADER =
  '# The shape of a trace. Review changes to it like code; run the tests with -u to write it again.\n'

/** Compares spans with a baseline in a file, which is written when there is none. */
export function judgeBaseline(
  source: unknown,
  name: string | URL,
  options: BaselineOptions = {},
  state: RunnerState & { readonly isNot?: boolean | undefined } = {},
): Verdict {
  const path = baselinePath(name, state)
  const shown = relative(process.cwd(), path)
  const shapes = shapesOf(treesOf(spansOf(source)), patternsOf(options))
  const text = readBaseline(path)
  const mode = state.isNot ? 'none' : writeModeOf(state)
  if (text === undefined && mode === 'none') {
    return { pass: false, message: () => `there is no baseline ${shown}, and this run does not write any` }
  }
  const difference = text === undefined ? undefined : differenceOf(readFrom(text, shown), shapes)
  if (text === undefined || (difference && mode === 'all')) {
    writeBaseline(path, `${HEADER}${writeShapes(shapes).join('\n')}\n`)
    return { pass: true, message: () => `wrote ${shown}` }
  }
  return {
    pass: !difference,
    message: () =>
      difference
        ? `the trace differs from ${shown} (- only there, + only here; -u writes it again):\n\n${difference.join('\n')}`
        : `expected another trace than that of ${shown}`,
  }
}

function readFrom(text: string, shown: string): ShapeNode[][] {
  try {
    return readShapes(text)
  } catch (error) {
    throw new TypeError(`${shown} is not a baseline: ${(error as Error).message}`, { cause: error })
  }
}

function patternsOf({ attributes = [] }: BaselineOptions): ((key: string) => boolean)[] {
  if (!Array.isArray(attributes) || attributes.some(key => typeof key !== 'string')) {
    throw new TypeError("expected attributes to be an array of keys such as ['http.route', 'db.*']")
  }
  return attributes.map(wildcard)
}
