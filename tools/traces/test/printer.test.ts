import { describe, expect, it } from '@jest/globals'

import { gapsOf, printTrace, type TraceSpan, tracesOf } from '@spanwright/traces'

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'

function span(spanId: string, changes: Partial<TraceSpan> = {}): TraceSpan {
  return {
    traceId: TRACE_ID,
    spanId,
    parentSpanId: undefined,
    service: 'gateway',
    kind: 'SERVER',
    name: 'POST /orders',
    start: 1000,
    end: 1040,
    failed: false,
    attributes: {},
    links: [],
    ...changes,
  }
}

const order = [
  span('a1'),
  span('a2', { parentSpanId: 'a1', kind: 'CLIENT', name: 'POST', start: 1010, end: 1020 }),
  span('a3', {
    parentSpanId: 'a2',
    service: 'inventory',
    name: 'POST /reservations',
    start: 1012,
    end: 1018,
  }),
  span('a4', {
    parentSpanId: 'a1',
    service: 'fulfilment',
    kind: 'CONSUMER',
    name: 'process orders',
    start: 1030,
    end: 1050,
    failed: true,
    attributes: { 'error.type': '23514' },
    links: [{ traceId: TRACE_ID, spanId: 'a1' }],
  }),
]

describe('a printed trace', () => {
  it('has a line for each span: service, kind, name, duration, bar, failure and links', () => {
    const [trace] = tracesOf(order)
    if (!trace) throw new Error('no trace')

    expect(printTrace(trace, { width: 80 }).split('\n')).toEqual([
      `trace ${TRACE_ID}  4 spans, 3 services, 50.0 ms`,
      'gateway     SERVER POST /orders              40.0 ms  ▕███████████████████     ▏',
      'gateway     ├─ CLIENT POST                   10.0 ms  ▕    █████               ▏',
      'inventory   │  └─ SERVER POST /reservations   6.0 ms  ▕     ███                ▏',
      'fulfilment  └─ CONSUMER process orders       20.0 ms  ▕              ██████████▏ ✗ 23514 ⇠ gateway POST /orders',
    ])
  })

  it('shows a span that took no time at all', () => {
    const [trace] = tracesOf([span('a1'), span('a2', { parentSpanId: 'a1', start: 1040, end: 1040 })])

    expect(trace && printTrace(trace).split('\n').at(-1)).toMatch(/ █▏$/)
  })

  it('names the trace of a link to another trace', () => {
    const links = [{ traceId: 'ffffffff16cd43dd8448eb211c80319c', spanId: 'b1' }]
    const [trace] = tracesOf([span('a1', { links })])

    expect(trace && printTrace(trace)).toContain('⇠ trace ffffffff…')
  })
})

describe('traces', () => {
  it('are kept apart and sorted by start', () => {
    const earlier = span('b1', { traceId: 'ffffffff16cd43dd8448eb211c80319c', start: 900 })

    expect(tracesOf([...order, earlier]).map(trace => trace.spans.length)).toEqual([1, 4])
  })

  it('have no gaps with one root and every parent known', () => {
    expect(tracesOf(order).flatMap(gapsOf)).toEqual([])
  })

  it('report which parent is missing', () => {
    expect(tracesOf(order.filter(({ spanId }) => spanId !== 'a2')).flatMap(gapsOf)).toEqual([
      'the parent of inventory SERVER POST /reservations is missing',
    ])
  })

  it('report that there are two roots', () => {
    expect(tracesOf([...order, span('a9')]).flatMap(gapsOf)).toEqual(['2 roots instead of one'])
  })
})
