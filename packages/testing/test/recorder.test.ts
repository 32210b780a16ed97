import { context, metrics, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace'
import { afterEach, describe, expect, it } from '@jest/globals'

import { recordSpans, type SpanRecorder } from '@spanwright/testing'

import { makeOrderTrace, makeSpan } from './spans.ts'

const recorders: SpanRecorder[] = []
function record(options?: Parameters<typeof recordSpans>[0]): SpanRecorder {
  const recorder = recordSpans(options)
  recorders.push(recorder)
  return recorder
}
afterEach(async () => {
  for (const recorder of recorders.splice(0)) await recorder.stop()
})

describe('a local recorder', () => {
  it('records only spans made with its provider', () => {
    const recorder = record()
    trace.getTracer('elsewhere').startSpan('not ours').end()
    makeSpan(recorder, 'ours')

    expect(recorder.spans().map(span => span.name)).toEqual(['ours'])
  })

  it('is independent of other recorders', () => {
    const [first, second] = [record(), record()]
    makeSpan(first, 'first')
    makeSpan(second, 'second')

    expect([first, second].map(recorder => recorder.spans().map(span => span.name))).toEqual([
      ['first'],
      ['second'],
    ])
  })

  it('does not change the globals', () => {
    const before = [trace.getTracerProvider(), metrics.getMeterProvider(), propagation.fields()]
    record()

    expect([trace.getTracerProvider(), metrics.getMeterProvider(), propagation.fields()]).toEqual(before)
  })

  it('uses the given sampler', () => {
    const recorder = record({ sampler: new AlwaysOffSampler() })
    makeSpan(recorder, 'unsampled')

    expect(recorder.spans()).toEqual([])
  })
})

describe('a global recorder', () => {
  it('records what uses the globals, and propagates with W3C headers', () => {
    const recorder = record({ global: true })
    const span = trace.getTracer('app').startSpan('work')
    const carrier: Record<string, string> = {}
    propagation.inject(trace.setSpan(ROOT_CONTEXT, span), carrier)
    span.end()

    expect(recorder.spans().map(({ name }) => name)).toEqual(['work'])
    const { traceId, spanId } = span.spanContext()
    expect(carrier).toEqual({ traceparent: `00-${traceId}-${spanId}-01` })
  })

  it('restores the globals when it stops', async () => {
    const recorder = recordSpans({ global: true })
    await recorder.stop()

    expect(trace.getTracer('app').startSpan('work').isRecording()).toBe(false)
    expect(propagation.fields()).toEqual([])
    expect(context.with(ROOT_CONTEXT.setValue(Symbol.for('key'), 1), () => context.active())).toBe(
      ROOT_CONTEXT,
    )
    await expect(recordSpans({ global: true }).stop()).resolves.toBeUndefined()
  })

  it('refuses to share the globals, and leaves the first recorder registered', () => {
    const first = record({ global: true })

    expect(() => recordSpans({ global: true })).toThrow(
      'a global provider is registered already; stop it first',
    )
    trace.getTracer('app').startSpan('work').end()
    expect(first.spans()).toHaveLength(1)
  })

  it('ends with its block', async () => {
    {
      await using recorder = recordSpans({ global: true })
      expect(trace.getTracer('app').startSpan('work').isRecording()).toBe(true)
      expect(recorder.open()).toHaveLength(1)
    }
    expect(trace.getTracer('app').startSpan('work').isRecording()).toBe(false)
    {
      using recorder = recordSpans({ global: true })
      expect(recorder.spans()).toEqual([])
    }
    expect(trace.getTracer('app').startSpan('work').isRecording()).toBe(false)
  })
})

describe('recorded spans', () => {
  it('are trees in the order they started', () => {
    const recorder = record()
    makeOrderTrace(recorder)

    const [root, ...others] = recorder.tree()
    expect(others).toEqual([])
    expect(root?.span.name).toBe('POST /orders')
    expect(root?.children.map(({ span }) => span.name)).toEqual([
      'SELECT stock',
      'INSERT orders',
      'send orders',
    ])
  })

  it('are found by name, pattern, shape and function', () => {
    const recorder = record()
    makeOrderTrace(recorder)

    expect(recorder.find('send orders')?.name).toBe('send orders')
    expect(recorder.find(/^INSERT/)?.name).toBe('INSERT orders')
    expect(recorder.find({ kind: 'CLIENT', status: 'error' })?.name).toBe('INSERT orders')
    expect(recorder.find({ attributes: { 'error.type': expect.any(String) } })?.name).toBe('INSERT orders')
    expect(recorder.find(span => span.name.length === 6)?.name).toBe('encode')
    expect(recorder.find('no such')).toBeUndefined()
  })

  it('are found by trace', () => {
    const recorder = record()
    const { traceId } = makeSpan(recorder, 'one').spanContext()
    makeSpan(recorder, 'other')

    expect(recorder.trace(traceId).map(span => span.name)).toEqual(['one'])
  })

  it('are open until they end', () => {
    const recorder = record()
    const span = recorder.tracerProvider.getTracer('test').startSpan('long')

    expect(recorder.open().map(({ name }) => name)).toEqual(['long'])
    span.end()
    expect(recorder.open()).toEqual([])
  })

  it('are discarded by a reset, even those that end after it', async () => {
    const recorder = record()
    makeSpan(recorder, 'before')
    const late = recorder.tracerProvider.getTracer('test').startSpan('late')
    await recorder.reset()
    late.end()

    expect([recorder.spans(), recorder.open()]).toEqual([[], []])
  })
})

describe('waiting for a span', () => {
  it('ends when the span ends', async () => {
    const recorder = record()
    const waiting = recorder.waitFor({ name: 'late', kind: 'INTERNAL' })
    makeSpan(recorder, 'early')
    setImmediate(() => makeSpan(recorder, 'late'))

    expect((await waiting).name).toBe('late')
  })

  it('resolves immediately when the span exists', async () => {
    const recorder = record()
    makeSpan(recorder, 'there')

    expect((await recorder.waitFor('there', { timeout: 1 })).name).toBe('there')
  })

  it('lists the recorded spans on timeout', async () => {
    const recorder = record()
    makeOrderTrace(recorder)
    recorder.tracerProvider.getTracer('test').startSpan('hanging')

    await expect(recorder.waitFor('missing', { timeout: 5 })).rejects.toThrow(
      [
        'no span like "missing" ended within 5 ms; finished:',
        '  SERVER POST /orders',
        '    CLIENT SELECT stock',
        '    CLIENT INSERT orders ✗ 23505',
        '    PRODUCER send orders',
        '      INTERNAL encode',
        'open:',
        '  INTERNAL hanging',
      ].join('\n'),
    )
  })
})

describe('recorded metrics', () => {
  async function valuesOf(recorder: SpanRecorder): Promise<Record<string, unknown>> {
    const all = await recorder.metrics()
    return Object.fromEntries(
      all.map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints.map(point => point.value)]),
    )
  }

  it('add up until a reset; up-down counters keep their values', async () => {
    const recorder = record()
    const meter = recorder.meterProvider.getMeter('test')
    const requests = meter.createCounter('requests')
    const active = meter.createUpDownCounter('active')
    const duration = meter.createHistogram('duration', { advice: { explicitBucketBoundaries: [1, 10] } })
    requests.add(1)
    active.add(2)
    duration.record(5)
    await recorder.metrics()
    requests.add(2)
    duration.record(50)

    expect(await valuesOf(recorder)).toEqual({
      requests: [3],
      active: [2],
      duration: [{ buckets: { boundaries: [1, 10], counts: [0, 1, 1] }, count: 2, sum: 55, min: 5, max: 50 }],
    })
    await recorder.reset()
    requests.add(4)
    expect(await valuesOf(recorder)).toEqual({ requests: [4], active: [2] })
  })

  it('are grouped by attributes', async () => {
    const recorder = record()
    const requests = recorder.meterProvider.getMeter('test').createCounter('requests')
    requests.add(1, { a: 1, b: 2 })
    await recorder.metrics()
    requests.add(1, { b: 2, a: 1 })
    requests.add(1, { a: 2 })

    const [metric] = await recorder.metrics()
    expect(metric?.dataPoints.map(({ attributes, value }) => [attributes, value])).toEqual([
      [{ a: 1, b: 2 }, 2],
      [{ a: 2 }, 1],
    ])
  })
})
