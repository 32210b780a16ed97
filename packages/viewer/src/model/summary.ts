import type { Finding, FindingKind } from '../findings/finding.ts'
import type { Trace } from './trace.ts'

/** A trace in one line of a list. */
export interface TraceSummary {
  readonly traceId: string
  /** Name of the span that begins it, or of the earliest one until that has arrived. */
  readonly name: string
  /** Service of that span. */
  readonly service: string
  /** In the order of the tree. */
  readonly services: readonly string[]
  /** Milliseconds since the epoch. */
  readonly start: number
  /** Milliseconds. */
  readonly duration: number
  readonly spans: number
  readonly errors: number
  /** Kinds of its findings. */
  readonly findings: readonly FindingKind[]
  /** Whether the span that begins it has arrived. */
  readonly complete: boolean
}

/** Summarises a trace in one line. */
export function summaryOf(trace: Trace, findings: readonly Finding[]): TraceSummary {
  const root = trace.roots.find(span => span.parentId === undefined) ?? trace.roots[0]
  return {
    traceId: trace.traceId,
    name: root?.name ?? '',
    service: root?.service ?? '',
    services: trace.services,
    start: trace.start,
    duration: trace.duration,
    spans: trace.spans.length,
    errors: trace.spans.filter(span => span.failed).length,
    findings: findings.map(({ kind }) => kind),
    complete: root !== undefined && root.parentId === undefined,
  }
}
