import { randomFillSync } from 'node:crypto'

import type { SpanContext, TraceState } from '@opentelemetry/api'

import type { IdGenerator } from '../types.ts'

/** Random numbers are fetched for many ids at once, because each call is expensive. */
const pool = new Int32Array(2048)
let used = pool.length

/** A random number of 32 bits. */
function randomWord(): number {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  return pool[used++] as number
}

const scratch = Buffer.alloc(16)

function putWord(word: number, at: number): void {
  scratch[at] = word >>> 24
  scratch[at + 1] = word >>> 16
  scratch[at + 2] = word >>> 8
  scratch[at + 3] = word
}

/** The value of eight hexadecimal digits; invalid digits count as 0. */
function wordOf(digits: string, from: number): number {
  return Number.parseInt(digits.slice(from, from + 8), 16) | 0
}

/** The state shared by the spans of a local trace. */
export class TraceIdentity {
  readonly first: number
  readonly second: number
  readonly third: number
  readonly fourth: number
  /** Whether the id is known to be random. */
  isRandom = false
  /** What is added to `performance.now()` for the time since 1970. */
  anchor = 0
  private digits: string | undefined

  constructor(digits?: string) {
    this.digits = digits
    this.first = digits === undefined ? randomWord() : wordOf(digits, 0)
    this.second = digits === undefined ? randomWord() : wordOf(digits, 8)
    this.third = digits === undefined ? randomWord() : wordOf(digits, 16)
    // An id of zeros alone is not valid.
    this.fourth = digits === undefined ? randomWord() || 1 : wordOf(digits, 24)
  }

  get id(): string {
    if (this.digits !== undefined) return this.digits
    putWord(this.first, 0)
    putWord(this.second, 4)
    putWord(this.third, 8)
    putWord(this.fourth, 12)
    this.digits = scratch.toString('hex', 0, 16)
    return this.digits
  }
}

/** Which span one is. Its ids are converted to strings on demand, which most spans never need. */
export class SpanIdentity {
  readonly trace: TraceIdentity
  readonly high: number
  readonly low: number
  readonly traceFlags: number
  readonly traceState: TraceState | undefined
  readonly isRemote: boolean
  private digits: string | undefined
  private context: SpanContext | undefined

  constructor(
    trace: TraceIdentity,
    digits: string | undefined,
    traceFlags: number,
    traceState: TraceState | undefined,
    given?: SpanContext,
  ) {
    this.trace = trace
    this.digits = digits
    this.high = digits === undefined ? randomWord() : wordOf(digits, 0)
    this.low = digits === undefined ? randomWord() || 1 : wordOf(digits, 8)
    this.traceFlags = traceFlags
    this.traceState = traceState
    this.isRemote = given?.isRemote === true
    this.context = given
  }

  /** That of a span which was not recorded here. */
  static of(context: SpanContext): SpanIdentity {
    const { traceId, spanId, traceFlags, traceState } = context
    return new SpanIdentity(new TraceIdentity(traceId), spanId, traceFlags, traceState, context)
  }

  /** Always the same object. */
  get spanContext(): SpanContext {
    this.context ??= {
      traceId: this.trace.id,
      spanId: this.id,
      traceFlags: this.traceFlags,
      traceState: this.traceState,
    } as SpanContext
    return this.context
  }

  private get id(): string {
    if (this.digits !== undefined) return this.digits
    putWord(this.high, 0)
    putWord(this.low, 4)
    this.digits = scratch.toString('hex', 0, 8)
    return this.digits
  }
}

/** Makes the ids of a generator, or random ones. */
export class Identities {
  private readonly generator: IdGenerator | undefined

  constructor(generator?: IdGenerator) {
    this.generator = generator
  }

  /** Whether all ids are known to be random. */
  get areRandom(): boolean {
    return this.generator === undefined
  }

  newTrace(): TraceIdentity {
    return new TraceIdentity(this.generator?.generateTraceId())
  }

  newSpan(trace: TraceIdentity, traceFlags: number, traceState: TraceState | undefined): SpanIdentity {
    return new SpanIdentity(trace, this.generator?.generateSpanId(), traceFlags, traceState)
  }
}
