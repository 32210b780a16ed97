import { randomBytes } from 'node:crypto'

import type { ReceivedSpan } from './otlp.ts'
import type { Receiver } from './receiver.ts'

const PATIENCE = 20_000

/** A request whose trace is known before it is sent. */
export class Caller {
  readonly traceId: string = randomBytes(16).toString('hex')
  readonly spanId: string = randomBytes(8).toString('hex')
  private readonly receiver: Receiver

  constructor(receiver: Receiver) {
    this.receiver = receiver
  }

  /** The request with the header that names the trace. */
  request(init: RequestInit = {}): RequestInit {
    const headers = { ...(init.headers as object), traceparent: `00-${this.traceId}-${this.spanId}-01` }
    return { ...init, headers }
  }

  async send(
    url: string,
    init: RequestInit = {},
  ): Promise<{ readonly status: number; readonly body: string }> {
    const answer = await fetch(url, this.request(init))
    return { status: answer.status, body: await answer.text() }
  }

  /** The spans of its trace, once they include the given ones. */
  async spans(...names: readonly (string | RegExp)[]): Promise<readonly ReceivedSpan[]> {
    const own = await this.arrived(spans => names.every(name => isIn(spans, name)))
    if (names.every(name => isIn(own, name))) return own
    throw new Error(`of ${names.join(', ')} only these came: ${own.map(({ name }) => name).join(', ')}`)
  }

  /** The span of the request. */
  async serverSpan(): Promise<ReceivedSpan> {
    const isServer = ({ kind, parentSpanId }: ReceivedSpan): boolean =>
      kind === 'SERVER' && parentSpanId === this.spanId
    const found = (await this.arrived(spans => spans.some(isServer))).find(isServer)
    if (found) return found
    throw new Error('the span of the request did not come')
  }

  private async arrived(
    condition: (own: readonly ReceivedSpan[]) => boolean,
  ): Promise<readonly ReceivedSpan[]> {
    const own = (): readonly ReceivedSpan[] =>
      this.receiver.spans().filter(({ traceId }) => traceId === this.traceId)
    await this.receiver.waitUntil(() => condition(own()), PATIENCE)
    return own()
  }

  /** The trace as lines, indented by depth, in start order. */
  async tree(...names: readonly (string | RegExp)[]): Promise<readonly string[]> {
    const spans = await this.spans(...names)
    const below = (parent: string, indent: string): string[] =>
      spans
        .filter(({ parentSpanId }) => parentSpanId === parent)
        .toSorted((one, other) => one.start - other.start)
        .flatMap(span => [`${indent}${lineOf(span)}`, ...below(span.spanId, `${indent}  `)])
    return below(this.spanId, '')
  }
}

function isIn(spans: readonly ReceivedSpan[], name: string | RegExp): boolean {
  return spans.some(span => (typeof name === 'string' ? span.name === name : name.test(span.name)))
}

function lineOf({ kind, name, failed, attributes }: ReceivedSpan): string {
  return `${kind} ${name}${failed ? ` ✗ ${String(attributes['error.type'])}` : ''}`
}

/** Types of the exceptions that are recorded on a span. */
export function exceptionsOf({ events }: ReceivedSpan): unknown[] {
  return events.filter(({ name }) => name === 'exception').map(event => event.attributes['exception.type'])
}
