import type { Span, Trace } from '../model/trace.ts'

/** What a finding is about. */
export type FindingKind =
  | 'repeated-queries'
  | 'one-after-the-other'
  | 'retries'
  | 'waiting'
  | 'lost-context'
  | 'orphans'
  | 'ended-after-parent'
  | 'swallowed-error'

/** Something in a trace that is worth a look, with what shows it and what to do. */
export interface Finding {
  readonly kind: FindingKind
  readonly title: string
  readonly evidence: string
  readonly advice: string
  /** Ids of the spans that show it, in order. */
  readonly spanIds: readonly string[]
}

/** A request that a process was serving. */
interface ServedRequest {
  readonly traceId: string
  readonly name: string
}

/** What findings know beyond one trace. */
export interface Surroundings {
  /** The request of another trace that the process of a span was serving when the span began. */
  servedDuring(trace: Trace, span: Span): ServedRequest | undefined
}

/** One rule: looks at a trace and says what it finds. */
export type Rule = (trace: Trace, surroundings: Surroundings) => Finding[]
