import type { TraceSpan } from './span.ts'

/** The most spans that wait for the end of their trace, and the most traces that are known. */
const MAX_WAITING = 2000
/** Milliseconds that a trace waits for a span that is still open above the others. */
const FOR_ROOTS = 10_000
/** Milliseconds that it waits for spans beneath, when all above them have ended. */
const FOR_CHILDREN = 1000
/** Milliseconds that it waits for further spans where nobody tells which are open. */
const FOR_ANY = 200

/** A span that has ended. */
export interface EndedTraceSpan {
  readonly span: TraceSpan
  /** Whether its parent lies elsewhere, or nowhere. */
  readonly isLocalRoot: boolean
}

interface Gathered {
  spans: EndedTraceSpan[]
  /** Spans that were started and have not come. */
  open: number
  /** Those of them whose parent lies elsewhere. */
  openRoots: number
  /** When a span came last, on the clock of `performance.now()`. */
  cameAt: number
  /** Milliseconds after that when it is complete. */
  wait: number
}

/** Gathers the spans of each trace until all that belong to it in this process have come. */
export class Gathering {
  private readonly traces = new Map<string, Gathered>()
  private waiting = 0
  private knowsOpen = false

  /** Told of a span that will come. */
  expect(traceId: string, isLocalRoot: boolean): void {
    this.knowsOpen = true
    const gathered = this.gatheredOf(traceId)
    gathered.open += 1
    if (isLocalRoot) gathered.openRoots += 1
  }

  /** @returns spans that wait no longer, because there are too many; those of a trace together */
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

  /** Milliseconds until a trace is complete; Infinity when none waits. */
  next(now: number): number {
    let next = Infinity
    for (const { spans, cameAt, wait } of this.traces.values()) {
      if (spans.length > 0) next = Math.min(next, cameAt + wait - now)
    }
    return next
  }

  /** The spans of traces that are complete, or waited for long enough. */
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
    // Several become complete with one batch; then they stand in the order in which they ended.
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

  /** Of spans that were given up, nothing ever comes. */
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
