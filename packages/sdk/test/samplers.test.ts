import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { type Attributes, propagation, ROOT_CONTEXT, type Span, SpanKind, trace } from '@opentelemetry/api'
import type { Sampler } from '@opentelemetry/sdk-trace'

import {
  alwaysOff,
  alwaysOn,
  perSecond,
  ratio,
  rules,
  type SamplingRule,
  startTracing,
  type StartTracingOptions,
  type Tracing,
} from '../src/index.ts'
import { collect } from './collector.ts'
import { collectDiag } from '@spanwright/test-kit'

const T = '12345678901234567890123456789012'

let tracing: Tracing | undefined

afterEach(() => tracing?.shutdown())

function start(sampler: Sampler, options: StartTracingOptions = {}): void {
  tracing = startTracing({ exporter: 'none', sampler, flushOnExit: false, ...options })
}

function startSpan(name: string, kind: SpanKind = SpanKind.SERVER, attributes: Attributes = {}): Span {
  return trace.getTracer('test').startSpan(name, { kind, attributes }, ROOT_CONTEXT)
}

function startChildOf(header: string, tracestate = ''): Span {
  const parent = propagation.extract(ROOT_CONTEXT, { traceparent: header, tracestate })
  return trace.getTracer('test').startSpan('child', { attributes: { 'url.path': '/health' } }, parent)
}

describe('the parent decides', () => {
  it.each([
    ['ratio(0)', ratio(0)],
    ['perSecond(1)', perSecond(1)],
    ['rules()', rules([{ attributes: { 'url.path': '/health' }, sample: 'drop' }], 'drop')],
  ])('with %s', (_name, sampler) => {
    start(sampler)
    const span = startChildOf(`00-${T}-1234567890123456-01`, 'foo=1')
    expect(span.isRecording()).toBe(true)
    expect(span.spanContext().traceState?.serialize()).toBe('foo=1')
    expect(startChildOf(`00-${T}-1234567890123456-00`).isRecording()).toBe(false)
  })

  it('except with alwaysOn() and alwaysOff()', async () => {
    start(alwaysOn())
    expect(startChildOf(`00-${T}-1234567890123456-00`).isRecording()).toBe(true)
    await tracing?.shutdown()
    start(alwaysOff())
    expect(startChildOf(`00-${T}-1234567890123456-01`).isRecording()).toBe(false)
  })
})

describe('ratio()', () => {
  it('decides by the trace id, and writes its threshold', () => {
    const ids = ['0'.repeat(14), '7fffffffffffff', '80000000000000', 'f'.repeat(14)]
    const idGenerator = {
      generateTraceId: () => `1${ids.shift()}`.padStart(32, '0'),
      generateSpanId: () => '1234567890123456',
    }
    start(ratio(0.5), { idGenerator })
    const spans = [1, 2, 3, 4].map(() => startSpan('root'))
    expect(spans.map(span => span.isRecording())).toEqual([false, false, true, true])
    expect(spans[2]?.spanContext().traceState?.serialize()).toBe('ot=th:8')
  })

  it.each([
    [1, 'ot=th:0'],
    [0.25, 'ot=th:c'],
    [0.05, 'ot=th:f3333333333334'],
  ])('of %d has the threshold %s', (share, expected) => {
    const idGenerator = {
      generateTraceId: () => 'f'.repeat(32),
      generateSpanId: () => '1234567890123456',
    }
    start(ratio(share), { idGenerator })
    const state = startSpan('root').spanContext().traceState?.serialize() ?? ''
    expect(state.slice(0, 14)).toBe(expected.slice(0, 14))
  })

  it.each([-0.1, 1.1, Number.NaN])('refuses %d', share => {
    expect(() => ratio(share)).toThrow(/share must be a number from 0 to 1/)
  })
})

describe('perSecond()', () => {
  it('accepts only the given number of traces at once', () => {
    start(perSecond(5))
    const spans = Array.from({ length: 20 }, () => startSpan('root'))
    expect(spans.filter(span => span.isRecording())).toHaveLength(5)
    expect(tracing?.counts()).toMatchObject({ started: 20, unsampled: 15 })
  })

  it('refills evenly, up to the number for one second', () => {
    jest.useFakeTimers()
    start(perSecond(10))
    const kept = (asked: number): number =>
      Array.from({ length: asked }, () => startSpan('root')).filter(span => span.isRecording()).length
    expect(kept(20)).toBe(10)
    jest.advanceTimersByTime(99)
    expect(kept(1)).toBe(0)
    jest.advanceTimersByTime(201)
    expect(kept(20)).toBe(3)
    jest.advanceTimersByTime(60_000)
    expect(kept(20)).toBe(10)
    jest.useRealTimers()
  })

  it('accepts traces at rates below one per second', () => {
    jest.useFakeTimers()
    start(perSecond(0.5))
    const isKept = (): boolean => startSpan('root').isRecording()
    expect([isKept(), isKept()]).toEqual([true, false])
    jest.advanceTimersByTime(2000)
    expect([isKept(), isKept()]).toEqual([true, false])
    jest.useRealTimers()
  })

  it('refuses an invalid limit', () => {
    expect(() => perSecond(0)).toThrow(/limit must be a number above 0/)
  })
})

describe('rules()', () => {
  it.each<[rule: SamplingRule, isDropped: boolean]>([
    [{ sample: 'drop' }, true],
    [{ kind: 'server', sample: 'drop' }, true],
    [{ kind: 'client', sample: 'drop' }, false],
    [{ name: 'GET', sample: 'drop' }, true],
    [{ name: /^P/, sample: 'drop' }, false],
    [{ attributes: { 'url.path': '/health' }, sample: 'drop' }, true],
    [{ attributes: { 'url.path': ['/health', '/ready'] }, sample: 'drop' }, true],
    [{ attributes: { 'url.path': ['/ready'] }, sample: 'drop' }, false],
    [{ attributes: { 'url.path': /^\/h/ }, sample: 'drop' }, true],
    [{ attributes: { 'user.id': id => id === 7 }, sample: 'drop' }, true],
    [{ attributes: { 'user.id': 7, 'url.path': '/other' }, sample: 'drop' }, false],
    [{ name: 'GET', sample: 0 }, true],
    [{ name: 'GET', sample: alwaysOff() }, true],
  ])('with %j drop the trace: %s', (rule, isDropped) => {
    start(rules([rule]))
    const span = startSpan('GET', SpanKind.SERVER, { 'url.path': '/health', 'user.id': 7 })
    expect(span.isRecording()).toBe(!isDropped)
  })

  it('use the first match, and otherwise the default', () => {
    start(
      rules(
        [
          { attributes: { 'url.path': '/health' }, sample: 'drop' },
          { attributes: { 'user.id': [1, 2] }, sample: 'keep' },
        ],
        0,
      ),
    )
    const isKept = (attributes: Attributes): boolean =>
      startSpan('GET', SpanKind.SERVER, attributes).isRecording()
    expect(isKept({ 'url.path': '/health', 'user.id': 1 })).toBe(false)
    expect(isKept({ 'url.path': '/', 'user.id': 1 })).toBe(true)
    expect(isKept({ 'url.path': '/', 'user.id': 3 })).toBe(false)
  })

  it('trace nothing when a predicate throws, and the app continues', () => {
    start(
      rules([
        {
          name: () => {
            throw new Error('broken')
          },
          sample: 'keep',
        },
      ]),
    )
    const said = collectDiag()
    expect(startSpan('GET').isRecording()).toBe(false)
    said.stop()
    expect(said.lines).toEqual(['error: spanwright: the sampler failed Error: broken'])
  })

  it.each([
    [[{ sample: 'sometimes' }]],
    [[{ kind: 'srever', sample: 'keep' }]],
    [[{ nmae: 'x', sample: 'keep' }]],
    [[{ name: 'x' }]],
  ])('refuse %j', wrong => {
    expect(() => rules(wrong as never)).toThrow(/rules\(\): rules must be an array of/)
  })
})

describe('a rule on http.route', () => {
  const dropHealth = rules([{ attributes: { 'http.route': '/health/:part' }, sample: 'drop' }])

  /** A request whose route is known only once it was handled, with work below it. */
  function request(route: string): void {
    const span = startSpan('GET')
    const context = trace.setSpan(ROOT_CONTEXT, span)
    trace.getTracer('test').startSpan('query', { kind: SpanKind.CLIENT }, context).end()
    span.setAttribute('http.route', route)
    span.end()
    trace.getTracer('test').startSpan('afterwards', {}, context).end()
  }

  it('drops the server span and all local work below it, even late spans', async () => {
    const { exporter, names, spans } = collect()
    start(dropHealth, { exporter })
    request('/health/:part')
    request('/items/:id')
    await tracing?.shutdown()
    expect(names.toSorted()).toEqual(['GET', 'afterwards', 'query'])
    expect(new Set(spans.map(span => span.spanContext().traceId)).size).toBe(1)
    expect(tracing?.counts()).toMatchObject({
      started: 6,
      unsampled: 0,
      sampledOut: 3,
      ended: 6,
      exporters: [{ exported: 3 }],
      localTraces: { dropped: 1, held: 0 },
    })
  })

  it('does not delay earlier rules', async () => {
    const { exporter, names } = collect()
    start(
      rules([
        { attributes: { 'url.path': '/metrics' }, sample: 'drop' },
        { attributes: { 'http.route': '/' }, sample: 'keep' },
      ]),
      { exporter },
    )
    expect(startSpan('GET', SpanKind.SERVER, { 'url.path': '/metrics' }).isRecording()).toBe(false)
    startSpan('job', SpanKind.INTERNAL).end()
    await tracing?.forceFlush()
    expect(names).toEqual(['job'])
  })

  it('does not apply to a request whose caller decided', async () => {
    const { exporter, names } = collect()
    start(dropHealth, { exporter })
    const parent = propagation.extract(ROOT_CONTEXT, { traceparent: `00-${T}-1234567890123456-01` })
    const span = trace.getTracer('test').startSpan('GET', { kind: SpanKind.SERVER }, parent)
    span.setAttribute('http.route', '/health/:part').end()
    await tracing?.forceFlush()
    expect(names).toEqual(['GET'])
  })
})
