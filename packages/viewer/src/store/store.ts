import type { SpanRecord } from '../decode/spans.ts'
import type { Finding } from '../findings/finding.ts'
import type { TraceSummary } from '../model/summary.ts'
import { ServedRequests } from './served-requests.ts'
import { StoredTrace } from './stored-trace.ts'

/** The size of the store, and what it has dropped. */
export interface StoreState {
  readonly traces: number
  readonly spans: number
  readonly bytes: number
  readonly maxBytes: number
  /** Traces that were dropped in favour of newer ones. */
  readonly evicted: number
  /** Spans that were dropped because their trace was full. */
  readonly dropped: number
}

/** What has changed since listeners were last called. */
export interface StoreChange {
  readonly updated: ReadonlySet<string>
  readonly gone: ReadonlySet<string>
}

/** Milliseconds between two calls of the listeners. */
const TELL_EVERY = 150

/** Traces in memory, up to a number of bytes: the oldest are dropped first. */
export class TraceStore {
  private readonly maxBytes: number
  private readonly traces: Map<string, StoredTrace> = new Map()
  private readonly served: ServedRequests = new ServedRequests()
  private readonly listeners: Set<(change: StoreChange) => void> = new Set()
  private bytes = 0
  private spans = 0
  private evicted = 0
  private dropped = 0
  private updated: Set<string> = new Set()
  private gone: Set<string> = new Set()
  private timer: NodeJS.Timeout | undefined

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
  }

  /** Keeps spans. Returns how many were not kept. */
  add(records: readonly SpanRecord[]): number {
    let dropped = 0
    for (const record of records) {
      if (!this.addOne(record)) dropped++
    }
    this.dropped += dropped
    return dropped
  }

  private addOne(record: SpanRecord): boolean {
    const { traceId } = record.span
    const trace = this.traces.get(traceId) ?? new StoredTrace(traceId)
    const before = trace.size
    const spansBefore = trace.spanCount
    // A single trace must not evict all others.
    if (before > this.maxBytes / 2 || !trace.add(record)) return false
    this.traces.set(traceId, trace)
    this.bytes += trace.size - before
    this.spans += trace.spanCount - spansBefore
    for (const explained of this.served.add(record)) {
      this.traces.get(explained)?.forget()
      this.note(explained)
    }
    this.note(traceId)
    for (const [oldest, { size, spanCount }] of this.traces) {
      if (this.bytes <= this.maxBytes || oldest === traceId) break
      this.traces.delete(oldest)
      this.bytes -= size
      this.spans -= spanCount
      this.evicted++
      this.noteGone(oldest)
    }
    return true
  }

  get(traceId: string): StoredTrace | undefined {
    return this.traces.get(traceId)
  }

  /** All traces, in the order they first arrived. */
  all(): IterableIterator<StoredTrace> {
    return this.traces.values()
  }

  summaryOf(trace: StoredTrace): TraceSummary {
    return trace.summary(this.served)
  }

  findingsOf(trace: StoredTrace): readonly Finding[] {
    return trace.findings(this.served)
  }

  state(): StoreState {
    const { spans, bytes, maxBytes, evicted, dropped } = this
    return { traces: this.traces.size, spans, bytes, maxBytes, evicted, dropped }
  }

  clear(): void {
    for (const traceId of this.traces.keys()) this.noteGone(traceId)
    this.traces.clear()
    this.served.clear()
    this.bytes = 0
    this.spans = 0
  }

  /** Reports changes to a listener, in batches, until the returned function is called. */
  listen(listener: (change: StoreChange) => void): () => void {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  private note(traceId: string): void {
    this.updated.add(traceId)
    this.gone.delete(traceId)
    this.tellSoon()
  }

  private noteGone(traceId: string): void {
    this.gone.add(traceId)
    this.updated.delete(traceId)
    this.tellSoon()
  }

  private tellSoon(): void {
    this.timer ??= setTimeout(() => this.tell(), TELL_EVERY).unref()
  }

  private tell(): void {
    const change = { updated: this.updated, gone: this.gone }
    this.timer = undefined
    this.updated = new Set()
    this.gone = new Set()
    for (const listener of this.listeners) listener(change)
  }
}
