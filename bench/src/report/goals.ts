import { GOAL_WITHOUT_SDK, LIBRARIES } from '../libraries.ts'
import { overheadOf, type LibraryResult } from '../results.ts'
import { ratioOf } from '../statistics.ts'

/** A figure that is to be reached. */
export interface GoalFigure {
  /** Undefined where it could not be measured. */
  readonly value: number | undefined
  readonly goal: number
  /** Undefined where there is no value. */
  readonly isReached: boolean | undefined
}

/** What one library is to reach, and what it does. */
export interface GoalFigures {
  readonly title: string
  /** Overhead of otel per overhead of spanwright, everything sampled: at least. */
  readonly sampled: GoalFigure
  /** The same with nothing sampled: at least. */
  readonly unsampled: GoalFigure
  /** Overhead of spanwright per overhead of hand-written, everything sampled: at most. */
  readonly handWritten: GoalFigure
  /** Overhead of spanwright without an SDK, in microseconds: at most. */
  readonly withoutSdk: GoalFigure
  /** Overhead of otel per overhead of hand-written: what `sampled` and `unsampled` are for code that does no more. */
  readonly byHand: { readonly sampled: number | undefined; readonly unsampled: number | undefined }
}

/** The figures of a library; undefined when it was skipped. */
export function goalsOf(result: LibraryResult): GoalFigures | undefined {
  const library = LIBRARIES.find(({ name }) => name === result.library)
  if (!library || result.skipped !== undefined) return undefined
  const { title, goals } = library
  return {
    title,
    sampled: atLeast(ratio(result, 'sampled', 'otel', 'spanwright'), goals.sampled),
    unsampled: atLeast(ratio(result, 'unsampled', 'otel', 'spanwright'), goals.unsampled),
    handWritten: atMost(ratio(result, 'sampled', 'spanwright', 'hand-written'), goals.handWritten),
    withoutSdk: atMost(overheadOf(result, 'spanwright', 'none'), GOAL_WITHOUT_SDK),
    byHand: {
      sampled: ratio(result, 'sampled', 'otel', 'hand-written'),
      unsampled: ratio(result, 'unsampled', 'otel', 'hand-written'),
    },
  }
}

function ratio(
  result: LibraryResult,
  state: 'sampled' | 'unsampled',
  variant: 'otel' | 'spanwright',
  other: 'spanwright' | 'hand-written',
): number | undefined {
  const overhead = overheadOf(result, variant, state)
  const otherOverhead = overheadOf(result, other, state)
  return overhead === undefined || otherOverhead === undefined ? undefined : ratioOf(overhead, otherOverhead)
}

function atLeast(value: number | undefined, goal: number): GoalFigure {
  return { value, goal, isReached: value === undefined ? undefined : value >= goal }
}

function atMost(value: number | undefined, goal: number): GoalFigure {
  return { value, goal, isReached: value === undefined ? undefined : value <= goal }
}
