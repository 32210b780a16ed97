import { GOAL_WITHOUT_SDK, LIBRARIES } from '../libraries.ts'
import type { SdkState, Variant } from '../measured/protocol.ts'
import { type LibraryResult, overheadOf } from '../results.ts'
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
  /** Overhead of otel per overhead of spanwright, everything exported: at least. */
  readonly otel: GoalFigure
  /** Overhead of spanwright per overhead by hand on OpenTelemetry's SDK: at most. */
  readonly byHandOtel: GoalFigure
  /** Overhead of spanwright per overhead by hand on the same SDK: at most. */
  readonly byHand: GoalFigure
  /** Overhead of otel per overhead of spanwright, nothing sampled: at least. */
  readonly unsampled: GoalFigure
  /** Overhead of spanwright without an SDK, in microseconds: at most. */
  readonly withoutSdk: GoalFigure
}

/** The figures of a library; undefined when it was skipped or has no goals. */
export function goalsOf(result: LibraryResult): GoalFigures | undefined {
  const library = LIBRARIES.find(({ name }) => name === result.library)
  if (!library?.goals || result.skipped !== undefined) return undefined
  const { title, goals } = library
  return {
    title,
    otel: atLeast(ratio(result, 'exported', 'otel', 'spanwright'), goals.otel),
    byHandOtel: atMost(ratio(result, 'exported', 'spanwright', 'by-hand-otel'), goals.byHandOtel),
    byHand: atMost(ratio(result, 'exported', 'spanwright', 'by-hand'), goals.byHand),
    unsampled: atLeast(ratio(result, 'unsampled', 'otel', 'spanwright'), goals.unsampled),
    withoutSdk: atMost(withoutSdk(result), GOAL_WITHOUT_SDK),
  }
}

/** Over a hook that does nothing, where the library makes its users pay for the hook. */
function withoutSdk(result: LibraryResult): number | undefined {
  const own = overheadOf(result, 'spanwright', 'none')
  return own === undefined ? undefined : own - (overheadOf(result, 'pass-through', 'none') ?? 0)
}

function ratio(result: LibraryResult, state: SdkState, variant: Variant, other: Variant): number | undefined {
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
