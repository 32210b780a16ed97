import type { Span, Trace } from '../model/trace.ts'

/** The kinds of findings. */
export type FindingKind =
  | 'repeated-queries'
  | 'one-after-the-other'
  | 'retries'
  | 'waiting'
  | 'lost-context'
  | 'orphans'
  | 'ended-after-parent'
  | 'swallowed-error'

/** Something in a trace that deserves attention, with its evidence and what to do about it. */
export interface Finding {
  readonly kind: FindingKind
  readonly title: string
  readonly evidence: string
  readonly advice: string
  /** Ids of the spans that are its evidence, in order. */
  readonly spanIds: readonly string[]
}

/** A request that a process was handling. */
interface ServedRequest {
  readonly traceId: string
  readonly name: string
}

/** What rules can ask about other traces. */
export interface Surroundings {
  /** The request of another trace that the process of a span was handling when the span began. */
  servedDuring(trace: Trace, span: Span): ServedRequest | undefined
}

/** One rule: examines a trace and returns its findings. */
export type Rule = (trace: Trace, surroundings: Surroundings) => Finding[]
