import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { type Context, context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import * as fc from 'fast-check'
import { anyText } from '@spanwright/test-kit/arbitraries'

import { growthOf } from '../../core/test/steps.ts'
import { type PropagatorName, startTracing, type Tracing } from '../src/index.ts'

const T = '12345678901234567890123456789012'
const P = '1234567890123456'
const TRACEPARENT = `00-${T}-${P}-01`

// Long texts take a while on a busy machine.
jest.setTimeout(60_000)

let tracing: Tracing | undefined
afterEach(() => tracing?.shutdown())

function start(...propagators: PropagatorName[]): void {
  tracing = startTracing({ exporter: 'none', propagators, flushOnExit: false })
}

type Incoming = Readonly<Record<string, string | string[]>>

function extracted(headers: Incoming): Context {
  return propagation.extract(ROOT_CONTEXT, headers)
}

function sentAfter(headers: Incoming): Record<string, string> {
  const sent: Record<string, string> = {}
  propagation.inject(extracted(headers), sent)
  return sent
}

describe('long headers', () => {
  const blanks = (size: number): string => ' \t'.repeat(size / 2)
  const members = (size: number): string => 'a=1,'.repeat(size / 4)
  const many = (prefix: string, size: number): Incoming =>
    Object.fromEntries(Array.from({ length: size / 1024 }, (_, i) => [`${prefix}${i}`, 'x'.repeat(1024)]))

  it.each<[string, (size: number) => Incoming]>([
    ['blanks in traceparent', size => ({ traceparent: `${blanks(size)}${TRACEPARENT}${blanks(size)}x` })],
    ['blanks in the middle', size => ({ traceparent: `00${blanks(size)}x` })],
    ['blanks in tracestate', size => ({ traceparent: TRACEPARENT, tracestate: `a=${blanks(size)}x` })],
    ['members of tracestate', size => ({ traceparent: TRACEPARENT, tracestate: members(size) })],
    ['empty members', size => ({ traceparent: TRACEPARENT, tracestate: ','.repeat(size) })],
    [
      'values of tracestate',
      size => ({ traceparent: TRACEPARENT, tracestate: [blanks(size), members(size)] }),
    ],
    ['baggage', size => ({ baggage: members(size) })],
    ['blanks in baggage', size => ({ baggage: `a${blanks(size)}=${blanks(size)}b` })],
    ['b3', size => ({ b3: `${blanks(size)}${T}-${P}-1` })],
    ['b3multi', size => ({ 'x-b3-traceid': T + blanks(size), 'x-b3-spanid': blanks(size) })],
    ['uber-trace-id', size => ({ 'uber-trace-id': `${T}:${P}:${'0'.repeat(size)}:1` })],
    ['baggage of Jaeger', size => many('uberctx-', size)],
    ['other headers', size => many('x-', size)],
  ])('are read in linear time: %s', (_, headers) => {
    start('tracecontext', 'baggage', 'b3', 'jaeger')
    expect(growthOf(size => extracted(headers(size)))).toBeLessThan(2.1)
  })

  it.each([
    ['traceparent', { traceparent: `${blanks(1000)}${TRACEPARENT}` }],
    ['uber-trace-id', { 'uber-trace-id': `${T}:${P}:${'0'.repeat(1000)}:1` }],
    ['b3', { b3: `${blanks(1000)}${T}-${P}-1` }],
  ])('give no context: %s', (_, headers) => {
    start('tracecontext', 'b3', 'jaeger')
    expect(trace.getSpanContext(extracted(headers))).toBeUndefined()
  })

  it('of tracestate are dropped, and the trace continues', () => {
    start('tracecontext')
    const list = Array.from({ length: 32 }, (_, i) => `k${i}=${'v'.repeat(255)}`).join(',')
    expect(
      sentAfter({ traceparent: TRACEPARENT, tracestate: list.slice(0, 8000).replace(/,[^,]*$/, '') }),
    ).toEqual({
      traceparent: TRACEPARENT,
      tracestate: expect.stringMatching(/^k0=v+,/),
    })
    expect(sentAfter({ traceparent: TRACEPARENT, tracestate: list })).toEqual({ traceparent: TRACEPARENT })
  })

  it("of Jaeger's baggage are read up to the limits of W3C baggage", () => {
    start('jaeger')
    const baggage = propagation.getBaggage(extracted(many('uberctx-', 64 * 1024)))
    expect(baggage?.getAllEntries().map(([key]) => key)).toEqual(['0', '1', '2', '3', '4', '5', '6'])
  })
})

describe("Jaeger's baggage", () => {
  it('is encoded, including keys, and decoded again', () => {
    start('jaeger')
    const entries = {
      'a b': 'c d',
      'x(1)': '(2)',
      'e\r\nhost: x': '\r\n\r\nDELETE / HTTP/1.1',
      'ü%': '€',
      '\uD800': '\uDC00',
    }
    const baggage = propagation.createBaggage(
      Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, { value }])),
    )
    const sent: Record<string, string> = {}
    propagation.inject(propagation.setBaggage(ROOT_CONTEXT, baggage), sent)
    expect(sent).toEqual({
      'uberctx-a%20b': 'c%20d',
      'uberctx-x%281%29': '%282%29',
      'uberctx-e%0D%0Ahost%3A%20x': '%0D%0A%0D%0ADELETE%20%2F%20HTTP%2F1.1',
      'uberctx-%C3%BC%25': '%E2%82%AC',
      'uberctx-%EF%BF%BD': '%EF%BF%BD',
    })
    const back = propagation.getBaggage(extracted(sent))?.getAllEntries()
    expect(back?.map(([key, { value }]) => [key, value])).toEqual([
      ...Object.entries(entries).slice(0, -1),
      ['\uFFFD', '\uFFFD'],
    ])
  })

  it('from another propagator is passed on as headers, whatever it contains', () => {
    start('tracecontext', 'baggage', 'jaeger')
    expect(sentAfter({ baggage: 'a%20b=1,x%0D%0Ay%3A=2' })).toEqual({
      baggage: 'a%20b=1,x%0D%0Ay%3A=2',
      'uberctx-a%20b': '1',
      'uberctx-x%0D%0Ay%3A': '2',
    })
  })

  it('has only names and values that any header can contain', () => {
    start('jaeger')
    fc.assert(
      fc.property(fc.dictionary(anyText(), anyText()), texts => {
        const entries = Object.entries(texts).map(([key, value]) => [key, { value }])
        const baggage = propagation.createBaggage(Object.fromEntries(entries))
        const sent = new Headers()
        context.with(propagation.setBaggage(ROOT_CONTEXT, baggage), () =>
          propagation.inject(context.active(), sent, {
            set: (headers, name, value) => headers.set(name, value),
          }),
        )
        for (const [name, value] of sent)
          expect(`${name}: ${value}`).toMatch(/^uberctx-[\w!'*.~%-]*: [\w!'*.~%-]*$/)
      }),
    )
  })
})
