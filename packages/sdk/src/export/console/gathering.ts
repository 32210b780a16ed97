import type { TraceSpan } from './span.ts'

/** Maximum number of spans waiting for the end of their trace, and of tracked traces. */
const MAX_WAITING = 2000
/** Milliseconds that a trace waits for an open parent span. */
const FOR_ROOTS = 10_000
/** Milliseconds that it waits for open child spans after their parents have ended. */
const FOR_CHILDREN = 1000
/** Milliseconds that it waits for further spans when open spans are not tracked. */
const FOR_ANY = 200

/** A span that has ended. */
export interface EndedTraceSpan {
  readonly span: TraceSpan
  /** Whether its parent is in another process, or it has none. */
  readonly isLocalRoot: boolean
}

interface Gathered {
  spans: EndedTraceSpan[]
  /** Number of spans that were started and have not arrived. */
  open: number
  /** Those of them without a local parent. */
  openRoots: number
  /** When the last span arrived, on the clock of `performance.now()`. */
  cameAt: number
  /** Milliseconds after that until it counts as complete. */
  wait: number
}

/** Collects the spans of each trace until all of this process have arrived. */
export class Gathering {
  private readonly traces = new Map<string, Gathered>()
  private waiting = 0
  private knowsOpen = false

  /** Announces a span that will arrive. */
  expect(traceId: string, isLocalRoot: boolean): void {
    this.knowsOpen = true
    const gathered = this.gatheredOf(traceId)
    gathered.open += 1
    if (isLocalRoot) gathered.openRoots += 1
  }

  /** @returns spans to print early because too many are waiting, grouped by trace */
  add(spans: readonly EndedTraceSpan[], now: number): TraceSpan[][] {
    for (const ended of spans) {
      const gathered = this.gatheredOf(ended.span.traceId)
      gathered.spans.push(ended)
      gathered.open -= 1
      if (ended.isLocalRoot) gathered.openRoots -= 1
      gathered.cameAt = now
    }
    this.waiting += spans.length
    for (const traceId of new Set(spans.map(({ span }) => span.traceId))) {
      const gathered = this.gatheredOf(traceId)
      gathered.wait = this.waitOf(gathered)
    }
    return this.waiting > MAX_WAITING ? this.takeAll() : []
  }

  /** Milliseconds until the next trace is complete; Infinity when none is waiting. */
  next(now: number): number {
    let next = Infinity
    for (const { spans, cameAt, wait } of this.traces.values()) {
      if (spans.length > 0) next = Math.min(next, cameAt + wait - now)
    }
    return next
  }

  /** The spans of traces that are complete, or have waited long enough. */
  takeDue(now: number): TraceSpan[][] {
    return this.take(({ cameAt, wait }) => cameAt + wait <= now)
  }

  takeAll(): TraceSpan[][] {
    const all = this.take(() => true)
    this.traces.clear()
    return all
  }

  private take(isDue: (gathered: Gathered) => boolean): TraceSpan[][] {
    const taken: TraceSpan[][] = []
    for (const [traceId, gathered] of this.traces) {
      const { spans } = gathered
      if (spans.length === 0 || !isDue(gathered)) continue
      taken.push(spans.map(({ span }) => span))
      this.waiting -= spans.length
      gathered.spans = []
      if (gathered.open <= 0) this.traces.delete(traceId)
    }
    // Several traces completed by one batch are ordered by their end.
    return taken.toSorted((one, other) => endOf(one) - endOf(other))
  }

  private waitOf({ spans, open, openRoots }: Gathered): number {
    if (this.knowsOpen) return openRoots > 0 ? FOR_ROOTS : open > 0 ? FOR_CHILDREN : 0
    const known = new Set(spans.map(({ span }) => span.spanId))
    const isBeneathOpen = spans.some(
      ({ span, isLocalRoot }) => !isLocalRoot && !known.has(span.parentSpanId ?? ''),
    )
    return isBeneathOpen ? FOR_ROOTS : FOR_ANY
  }

  private gatheredOf(traceId: string): Gathered {
    let gathered = this.traces.get(traceId)
    if (!gathered) {
      if (this.traces.size >= MAX_WAITING) this.forgetOldest()
      gathered = { spans: [], open: 0, openRoots: 0, cameAt: 0, wait: 0 }
      this.traces.set(traceId, gathered)
    }
    return gathered
  }

  /** Spans that were given up never arrive. */
  private forgetOldest(): void {
    for (const [traceId, { spans }] of this.traces) {
      if (spans.length > 0) continue
      this.traces.delete(traceId)
      return
    }
  }
}

function endOf(spans: readonly TraceSpan[]): number {
  return Math.max(...spans.map(({ end }) => end))
}
