import { afterEach, describe, expect, it } from '@jest/globals'
import { propagation, ROOT_CONTEXT, type Span, SpanStatusCode, trace } from '@opentelemetry/api'

import { type KeepOptions, startTracing, type StartTracingOptions, type Tracing } from '../src/index.ts'
import { type Collector, collect } from './collector.ts'

let tracing: Tracing | undefined
let collector: Collector

afterEach(() => tracing?.shutdown())

function start(keep: KeepOptions, options: StartTracingOptions = {}): void {
  collector = collect()
  tracing = startTracing({ exporter: collector.exporter, keep, flushOnExit: false, ...options })
}

function startSpan(name: string, parent?: Span, startTime?: Date): Span {
  const context = parent ? trace.setSpan(ROOT_CONTEXT, parent) : ROOT_CONTEXT
  return trace.getTracer('test').startSpan(name, startTime ? { startTime } : {}, context)
}

function traceOf(root: string, change: (root: Span, child: Span) => void = () => {}): Span {
  const span = startSpan(root)
  const child = startSpan(`child of ${root}`, span)
  change(span, child)
  child.end()
  span.end()
  return span
}

function reasons(): unknown[] {
  return collector.spans.map(span => span.attributes['spanwright.keep.reason']).filter(Boolean)
}

describe('keep', () => {
  it('keeps complete local traces with any failed span, and drops the others', async () => {
    start({})
    traceOf('fine')
    traceOf('broken', (_root, child) => child.setStatus({ code: SpanStatusCode.ERROR }))
    await tracing?.shutdown()
    expect(collector.names).toEqual(['child of broken', 'broken'])
    expect(reasons()).toEqual(['error'])
    expect(tracing?.counts()).toMatchObject({
      started: 4,
      sampledOut: 2,
      exporters: [{ exported: 2 }],
      localTraces: { kept: { error: 1, slow: 0, rule: 0, random: 0 }, dropped: 1, early: 0, held: 0 },
    })
  })

  it('keeps traces whose first span took longer than slowerThan', async () => {
    start({ slowerThan: '500ms' })
    startSpan('fast', undefined, new Date(Date.now() - 100)).end()
    startSpan('slow', undefined, new Date(Date.now() - 1000)).end()
    await tracing?.shutdown()
    expect(collector.names).toEqual(['slow'])
    expect(reasons()).toEqual(['slow'])
  })

  it('applies rules to the first span with all its attributes', async () => {
    start({ rules: [{ attributes: { 'user.id': 7 }, sample: 'keep' }], otherwise: 0 })
    traceOf('theirs', root => root.setAttribute('user.id', 7))
    traceOf('others', root => root.setAttribute('user.id', 8))
    await tracing?.shutdown()
    expect(collector.names).toEqual(['child of theirs', 'theirs'])
    expect(reasons()).toEqual(['rule'])
  })

  it('keeps a share of the others by trace id, and records how many traces each represents', async () => {
    const ids = ['1'.padStart(32, '0'), `1${'f'.repeat(31)}`]
    const idGenerator = {
      generateTraceId: () => ids.shift() ?? '',
      generateSpanId: () => '1234567890123456',
    }
    start({ otherwise: 0.25 }, { idGenerator })
    traceOf('unlucky')
    traceOf('lucky')
    await tracing?.shutdown()
    expect(collector.names).toEqual(['child of lucky', 'lucky'])
    expect(reasons()).toEqual(['random'])
    expect(collector.spans.map(span => span.spanContext().traceState?.serialize())).toEqual([
      'ot=th:c',
      'ot=th:c',
    ])
  })

  it('keeps the threshold of an earlier sampler when it was stricter', async () => {
    start({ errors: true })
    const parent = propagation.extract(ROOT_CONTEXT, {
      traceparent: '00-123456789012345678ffffffffffffff-1234567890123456-01',
      tracestate: 'ot=th:8;rv:fffffffffffff0,foo=1',
    })
    const span = trace.getTracer('test').startSpan('remote', {}, parent)
    span.setStatus({ code: SpanStatusCode.ERROR }).end()
    await tracing?.shutdown()
    expect(collector.spans[0]?.spanContext().traceState?.serialize()).toBe('ot=th:8;rv:fffffffffffff0,foo=1')
  })

  it('applies the decision to late spans', async () => {
    start({})
    const dropped = traceOf('dropped')
    const kept = traceOf('kept', root => root.setStatus({ code: SpanStatusCode.ERROR }))
    startSpan('late in dropped', dropped).end()
    const late = startSpan('late in kept', kept)
    startSpan('beneath late', late).end()
    late.end()
    await tracing?.shutdown()
    expect(collector.names).toEqual(['child of kept', 'kept', 'beneath late', 'late in kept'])
  })

  it('decides separately on the local part below each remote parent', async () => {
    start({})
    const header = '00-12345678901234567890123456789012-1234567890123456-01'
    const parent = propagation.extract(ROOT_CONTEXT, { traceparent: header })
    trace.getTracer('test').startSpan('fine', {}, parent).end()
    trace.getTracer('test').startSpan('broken', {}, parent).setStatus({ code: SpanStatusCode.ERROR }).end()
    await tracing?.shutdown()
    expect(collector.names).toEqual(['broken'])
  })

  it('holds at most the configured number of spans, and decides on the oldest trace first', async () => {
    start({ maxSpans: 3 })
    const oldest = startSpan('oldest')
    startSpan('failed', oldest).setStatus({ code: SpanStatusCode.ERROR }).end()
    const younger = startSpan('younger')
    for (const name of ['1', '2', '3']) startSpan(name, younger).end()
    expect(tracing?.counts().localTraces).toMatchObject({ held: 3, early: 1, kept: { error: 1 } })
    oldest.end()
    younger.end()
    await tracing?.shutdown()
    expect(collector.names).toEqual(['failed', 'oldest'])
  })

  it('decides on a trace that is held too long, and its later spans follow', async () => {
    start({ maxAge: '50ms', slowerThan: '20ms' })
    const endless = startSpan('endless')
    startSpan('first', endless).end()
    await new Promise(resolve => {
      setTimeout(resolve, 150)
    })
    expect(tracing?.counts().localTraces).toMatchObject({ held: 0, early: 1, kept: { slow: 1 } })
    endless.end()
    await tracing?.shutdown()
    expect(collector.names).toEqual(['first', 'endless'])
  })

  it('decides on held traces at shutdown, and accounts for every span', async () => {
    start({})
    const open = startSpan('open')
    startSpan('failed', open).setStatus({ code: SpanStatusCode.ERROR }).end()
    await tracing?.shutdown()
    expect(collector.names).toEqual(['failed'])
  })

  it.each([
    [{ otherwise: 2 }, /option keep must be an object with errors/],
    [{ slowerThan: 'long' }, /option keep must be/],
    [{ rules: [{}] }, /option keep must be/],
  ])('refuses %j', (keep, message) => {
    expect(() => startTracing({ keep: keep as KeepOptions })).toThrow(message)
  })
})
