import type { Surroundings } from '../findings/finding.ts'
import type { SpanRecord } from '../decode/spans.ts'
import { readTrace, type Span } from '../model/trace.ts'

const SERVER = 2
const CLIENT = 3
const PRODUCER = 4

/** Number of requests, and of calls without a parent, remembered for each process. */
const MAX_REMEMBERED = 500

interface Remembered {
  readonly traceId: string
  readonly name: string
  readonly start: number
  readonly end: number
}

interface ProcessPast {
  readonly requests: Remembered[]
  readonly calls: Remembered[]
}

/** Which process was handling which request when: a call that began then without a parent has lost its context. */
export class ServedRequests implements Surroundings {
  private readonly processes: Map<string, ProcessPast> = new Map()

  /** Remembers a span. Returns the traces whose calls it may explain. */
  add(record: SpanRecord): string[] {
    const { span } = record
    const isRequest = span.kind === SERVER
    const isCall = span.parentSpanId === undefined && (span.kind === CLIENT || span.kind === PRODUCER)
    if (!isRequest && !isCall) return []
    const trace = readTrace(span.traceId, [record])
    const [read] = trace.spans
    if (read === undefined) return []
    const remembered: Remembered = {
      traceId: span.traceId,
      name: read.name,
      start: trace.start,
      end: trace.start + read.duration,
    }
    const { requests, calls } = this.pastOf(read)
    remember(isRequest ? requests : calls, remembered)
    if (!isRequest) return []
    return calls.filter(call => covers(remembered, call)).map(call => call.traceId)
  }

  servedDuring(
    { traceId, start }: { readonly traceId: string; readonly start: number },
    span: Span,
  ): Remembered | undefined {
    const call = { traceId, start: start + span.start }
    return this.processes.get(span.process)?.requests.findLast(request => covers(request, call))
  }

  clear(): void {
    this.processes.clear()
  }

  private pastOf({ process }: Span): ProcessPast {
    const known = this.processes.get(process)
    if (known) return known
    const past: ProcessPast = { requests: [], calls: [] }
    this.processes.set(process, past)
    // The process that was seen first.
    const [oldest] = this.processes.keys()
    if (this.processes.size > MAX_REMEMBERED && oldest !== undefined) this.processes.delete(oldest)
    return past
  }
}

function covers(request: Remembered, call: Pick<Remembered, 'traceId' | 'start'>): boolean {
  return request.traceId !== call.traceId && request.start <= call.start && call.start <= request.end
}

function remember(list: Remembered[], item: Remembered): void {
  if (list.push(item) > MAX_REMEMBERED) list.shift()
}
