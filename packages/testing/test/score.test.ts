import { type Attributes, context, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api'
import { afterEach, describe, expect, it } from '@jest/globals'

import { checkScore, recordSpans, type SpanRecorder } from '@spanwright/testing'

import { failureOf, makeSpan } from './spans.ts'

const recorders: SpanRecorder[] = []
afterEach(async () => {
  for (const recorder of recorders.splice(0)) await recorder.stop()
})

const SHOP = { 'service.name': 'shop', 'service.instance.id': 'a1' }

function record(resource: Attributes = SHOP): SpanRecorder {
  const recorder = recordSpans({ resource })
  recorders.push(recorder)
  return recorder
}

/** The rules that spans break, with what breaks them. */
function faultsOf(...sources: SpanRecorder[]): Record<string, readonly string[]> {
  const { results } = checkScore(sources.flatMap(recorder => recorder.spans()))
  return Object.fromEntries(results.filter(({ passed }) => !passed).map(({ id, faults }) => [id, faults]))
}

function makeRequest(recorder: SpanRecorder, beneath: () => void = () => {}): void {
  makeSpan(recorder, 'GET /users/:id', { kind: SpanKind.SERVER }, beneath)
}

describe('the instrumentation score', () => {
  it('is 100 for a trace that follows every rule', () => {
    const recorder = record()
    makeRequest(recorder, () => makeSpan(recorder, 'SELECT users', { kind: SpanKind.CLIENT }))

    const { score, category, results, unchecked } = checkScore(recorder)

    expect([score, category]).toEqual([100, 'Excellent'])
    expect(results.map(({ id }) => id)).toEqual([
      ...[1, 2, 3, 4, 5].map(number => `RES-00${number}`),
      ...[1, 2, 3, 4, 5].map(number => `SPA-00${number}`),
    ])
    expect(unchecked).toContain('SDK-001')
  })

  it('weighs the rules by their impact', () => {
    const recorder = record({ 'service.name': '' })
    makeRequest(recorder)

    const { score, category } = checkScore(recorder)

    // Ten rules: one critical (40), six important (30), three normal (20); one critical and one normal are broken.
    expect(score).toBeCloseTo((100 * (6 * 30 + 2 * 20)) / (40 + 6 * 30 + 3 * 20), 10)
    expect(category).toBe('Good')
  })

  it('refuses to score an empty recording', () => {
    expect(failureOf(() => checkScore(record()))).toBe(
      'expected at least one finished span to score; got none',
    )
  })
})

describe('a rule for resources', () => {
  it('requires service.name and service.instance.id', () => {
    const recorder = record({ 'service.name': '' })
    makeRequest(recorder)

    expect(faultsOf(recorder)).toEqual({
      'RES-001': ['service.instance.id is missing on the resource of '],
      'RES-005': ['service.name is missing on the resource of '],
    })
  })

  it('detects two pods with one service.instance.id', () => {
    const [first, second] = ['a', 'b'].map(name =>
      record({ ...SHOP, 'k8s.pod.name': name, 'k8s.pod.uid': `uid ${name}` }),
    ) as [SpanRecorder, SpanRecorder]
    makeRequest(first)
    makeRequest(second)

    expect(faultsOf(first)).toEqual({})
    expect(faultsOf(first, second)).toEqual({
      'RES-002': [
        'service.instance.id a1 of shop is that of k8s.pod.name a, k8s.pod.uid uid a and of k8s.pod.name b, k8s.pod.uid uid b',
      ],
    })
  })

  it('requires k8s.pod.uid on Kubernetes only', () => {
    const recorder = record({ ...SHOP, 'k8s.pod.name': 'a' })
    makeRequest(recorder)

    expect(faultsOf(recorder)).toEqual({ 'RES-003': ['k8s.pod.uid is missing on the resource of shop'] })
  })

  it('requires attributes at their level', () => {
    const recorder = record({ ...SHOP, 'http.route': '/users' })
    makeSpan(recorder, 'work', { attributes: { 'service.name': 'shop', 'service.peer.name': 'stock' } })

    expect(faultsOf(recorder)).toEqual({
      'RES-004': ['service.name is on the span INTERNAL work', 'http.route is on the resource'],
    })
  })
})

describe('a rule for spans', () => {
  it('allows ten internal spans in a trace', () => {
    const recorder = record()
    makeRequest(recorder, () => {
      for (let i = 0; i < 10; i++) makeSpan(recorder, 'step')
    })
    expect(faultsOf(recorder)).toEqual({})

    makeRequest(recorder, () => {
      for (let i = 0; i < 11; i++) makeSpan(recorder, 'step')
    })
    expect(faultsOf(recorder)).toEqual({ 'SPA-001': ['11 INTERNAL spans of one service in one trace'] })
  })

  it('allows twenty spans shorter than 5 ms in a trace', () => {
    const recorder = record()
    const tracer = recorder.tracerProvider.getTracer('test')
    const last = (span: number, milliseconds: number): void =>
      tracer
        .startSpan('SELECT users', { kind: SpanKind.CLIENT, startTime: [span, 0] })
        .end([span, milliseconds * 1e6])
    const root = tracer.startSpan('GET', { kind: SpanKind.SERVER, startTime: [1, 0] })
    context.with(trace.setSpan(ROOT_CONTEXT, root), () => {
      for (let i = 0; i < 20; i++) last(1, 4.9)
      for (let i = 0; i < 20; i++) last(1, 5)
    })
    root.end([2, 0])
    expect(faultsOf(recorder)).toEqual({})

    context.with(trace.setSpan(ROOT_CONTEXT, root), () => last(1, 4.9))
    expect(faultsOf(recorder)).toEqual({ 'SPA-005': ['21 spans shorter than 5 ms in one trace'] })
  })

  it('detects a missing parent', () => {
    const recorder = record()
    const parent = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 }
    context.with(trace.setSpanContext(ROOT_CONTEXT, parent), () => makeRequest(recorder))

    expect(faultsOf(recorder)).toEqual({ 'SPA-002': ['the parent of SERVER GET /users/:id is missing'] })
  })

  it('detects a trace that begins with a client span', () => {
    const recorder = record()
    makeSpan(recorder, 'GET', { kind: SpanKind.CLIENT })

    expect(faultsOf(recorder)).toEqual({ 'SPA-004': ['CLIENT GET begins a trace'] })
  })

  it.each([
    ['GET /users/42', 'a number'],
    ['GET /users/42/orders', 'a number'],
    ['order 12345', 'a number'],
    ['GET /f47ac10b-58cc-4372-a567-0e02b2c3d479', 'a UUID'],
    ['load 5f4dcc3b5aa765d61d83', 'a hexadecimal id'],
    ['mail to alice@example.com', 'an email address'],
    ['GET /search?q=teapot', 'a query string'],
    ["SELECT 'teapot'", 'a literal'],
  ])('detects the variable part of %j', (name, part) => {
    const recorder = record()
    makeSpan(recorder, name, { kind: SpanKind.SERVER })

    expect(faultsOf(recorder)).toEqual({ 'SPA-003': [`SERVER ${name} contains ${part}`] })
  })

  it.each([
    'GET /api/v2/users/:id',
    'SELECT t1',
    'send orders-2',
    'BATCH INSERT a',
    'POST /files/*path',
    'decade',
  ])('accepts the name %j', name => {
    const recorder = record()
    makeSpan(recorder, name, { kind: SpanKind.SERVER })

    expect(faultsOf(recorder)).toEqual({})
  })
})
