import type { Origin, SpanRecord } from '../decode/spans.ts'
import type { Finding, Surroundings } from '../findings/finding.ts'
import { findingsOf } from '../findings/find.ts'
import { summaryOf, type TraceSummary } from '../model/summary.ts'
import { readTrace, type Trace } from '../model/trace.ts'
import { sizeOf } from './size.ts'

/** Maximum of spans kept for one trace. */
const MAX_SPANS = 100_000

/** A stored trace, and what was computed from it until more of it arrived. */
export class StoredTrace {
  readonly traceId: string
  /** Its approximate size in bytes. */
  size = 0
  private readonly records: Map<string, SpanRecord> = new Map()
  private readonly origins: Set<Origin> = new Set()
  private known: { readonly summary: TraceSummary; readonly findings: readonly Finding[] } | undefined

  constructor(traceId: string) {
    this.traceId = traceId
  }

  /** Keeps a span; one that is sent again replaces the former. Returns false when the trace has too many. */
  add(record: SpanRecord): boolean {
    const { spanId } = record.span
    const former = this.records.get(spanId)
    if (former === undefined && this.records.size >= MAX_SPANS) return false
    if (former !== undefined) this.size -= sizeOf(former.span)
    this.records.set(spanId, record)
    this.size += sizeOf(record.span)
    if (!this.origins.has(record.origin)) {
      this.origins.add(record.origin)
      this.size += sizeOf(record.origin)
    }
    this.known = undefined
    return true
  }

  get spanCount(): number {
    return this.records.size
  }

  /** Causes summary and findings to be computed again. */
  forget(): void {
    this.known = undefined
  }

  all(): readonly SpanRecord[] {
    return [...this.records.values()]
  }

  /** Its spans as a tree: built on request, since it takes many times the memory. */
  trace(): Trace {
    return readTrace(this.traceId, this.all())
  }

  summary(surroundings: Surroundings): TraceSummary {
    return this.workOut(surroundings).summary
  }

  findings(surroundings: Surroundings): readonly Finding[] {
    return this.workOut(surroundings).findings
  }

  private workOut(surroundings: Surroundings): NonNullable<typeof this.known> {
    if (this.known === undefined) {
      const trace = this.trace()
      const findings = findingsOf(trace, surroundings)
      this.known = { summary: summaryOf(trace, findings), findings }
    }
    return this.known
  }
}
