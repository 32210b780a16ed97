import { afterEach, describe, expect, it } from '@jest/globals'
import {
  context as contexts,
  INVALID_SPAN_CONTEXT,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api'
import { suppressTracing } from '@opentelemetry/core'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'

import { type StartTracingOptions, startTracing, type Tracing } from '../../src/index.ts'
import { type Collector, collect } from '../collector.ts'
import { collectDiag } from '@spanwright/test-kit'

let tracing: Tracing | undefined
let collector: Collector

afterEach(() => tracing?.shutdown())

function begin(options: StartTracingOptions = {}): void {
  collector = collect()
  tracing = startTracing({ exporter: collector.exporter, flushOnExit: false, metrics: false, ...options })
}

async function exported(): Promise<ReadableSpan> {
  await tracing?.shutdown()
  const [span] = collector.spans
  if (!span) throw new Error('no span was exported')
  return span
}

/** A tracer remembers the provider that it was first used with. */
function tracer(): Tracer {
  return trace.getTracer('test')
}

describe('a recorded span', () => {
  it('implements the API', async () => {
    begin()
    const linked = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 }
    const span = tracer().startSpan(
      'one',
      { kind: SpanKind.CLIENT, attributes: { a: 1 }, links: [{ context: linked, attributes: { l: 1 } }] },
      ROOT_CONTEXT,
    )
    span
      .setAttributes({ a: 2, b: ['x'] })
      .addEvent('event', { e: true })
      .addLinks([{ context: linked }])
      .setStatus({ code: SpanStatusCode.OK, message: 'left out' })
      .setStatus({ code: SpanStatusCode.ERROR, message: 'too late' })
      .updateName('two')
    span.recordException(new RangeError('out of reach'))
    expect(span.isRecording()).toBe(true)
    span.end()
    expect(span.isRecording()).toBe(false)
    expect(await exported()).toMatchObject({
      name: 'two',
      kind: SpanKind.CLIENT,
      attributes: { a: 2, b: ['x'] },
      events: [
        { name: 'event', attributes: { e: true } },
        {
          name: 'exception',
          attributes: {
            'exception.type': 'RangeError',
            'exception.message': 'out of reach',
            'exception.stacktrace': expect.stringContaining('recording.test.ts'),
          },
        },
      ],
      links: [{ context: linked, attributes: { l: 1 } }, { context: linked }],
      status: { code: SpanStatusCode.OK },
      ended: true,
      parentSpanContext: undefined,
      instrumentationScope: { name: 'test' },
    })
  })

  it('ends once, and later changes are ignored and reported', async () => {
    begin()
    const said = collectDiag()
    const span = tracer().startSpan('one')
    span.end()
    span.setAttribute('late', 1).end()
    said.stop()
    expect(said.lines).toHaveLength(2)
    expect(said.lines.join()).toMatch(/has already ended and was changed again.*was ended again/)
    expect((await exported()).attributes).toEqual({})
    expect(tracing?.counts()).toMatchObject({ started: 1, ended: 1, exporters: [{ exported: 1 }] })
  })

  it('does not change the given objects, and ignores later changes to them', async () => {
    begin()
    const list = ['x']
    const attributes: Record<string, unknown> = Object.freeze({ a: 1, list })
    const span = tracer().startSpan('one', { attributes: attributes as never })
    list.push('y')
    span
      .setAttribute('a', 2)
      .setAttributes(Object.freeze({ b: 3 }))
      .end()
    expect(attributes).toEqual({ a: 1, list: ['x', 'y'] })
    expect((await exported()).attributes).toEqual({ a: 2, list: ['x'], b: 3 })
  })

  it('does not record invalid values, and reports it once', async () => {
    begin()
    const said = collectDiag()
    for (let times = 0; times < 3; times++) {
      tracer()
        .startSpan('one', {
          attributes: { wrong: new Map() as never, deep: [{ at: new Date() }] as never, none: undefined },
        })
        .end()
    }
    said.stop()
    expect((await exported()).attributes).toEqual({})
    expect(said.lines.map(line => line.slice(0, 45))).toEqual(
      [
        'warn: spanwright: attribute wrong is not recor',
        'warn: spanwright: attribute deep is not recorded',
      ].map(line => line.slice(0, 45)),
    )
  })

  it('copies nested values, and truncates every string and byte array in them', async () => {
    begin({ spanLimits: { attributeValueLengthLimit: 3, attributeCountLimit: 3 } })
    const cart = { note: 'hello', bytes: Buffer.from('hello'), left: undefined, deep: [{ text: 'hello' }] }
    const attributes = { cart, mixed: [1, 'hello', null, undefined, [true]], none: null, fourth: 1 }
    const span = tracer().startSpan('one', { attributes: attributes as never }, ROOT_CONTEXT)
    cart.note = 'changed'
    span.end()
    const { attributes: recorded, droppedAttributesCount } = await exported()
    expect(recorded).toEqual({
      cart: { note: 'hel', bytes: new Uint8Array(Buffer.from('hel')), deep: [{ text: 'hel' }] },
      mixed: [1, 'hel', null, undefined, [true]],
      none: null,
    })
    expect(droppedAttributesCount).toBe(1)
    expect(cart.deep).toEqual([{ text: 'hello' }])
  })

  it('handles endlessly nested values, and getters that throw', async () => {
    begin()
    const said = collectDiag()
    const cycle: unknown[] = []
    cycle.push(cycle, cycle)
    let large: unknown = 'x'
    for (let level = 0; level < 40; level++) large = [large, large]
    const trap = Object.defineProperty({}, 'own', {
      enumerable: true,
      get: () => {
        throw new Error('a trap')
      },
    })
    tracer()
      .startSpan('one', {}, ROOT_CONTEXT)
      .setAttributes({ cycle, large, trap, a: 1 } as never)
      .end()
    said.stop()
    expect((await exported()).attributes).toEqual({ a: 1 })
    expect(said.lines.join('\n')).toMatch(/cycle is not .*large is not .*a trap.*trap is not /s)
  })

  it('converts any name to a string, and omits links without a target', async () => {
    begin()
    const said = collectDiag()
    const span = tracer().startSpan(
      undefined as never,
      { links: [{ context: undefined as never }] },
      ROOT_CONTEXT,
    )
    span.addEvent(7 as never).addLink(undefined as never)
    span.end()
    said.stop()
    expect(await exported()).toMatchObject({ name: 'undefined', events: [{ name: '7' }], links: [] })
    expect(said.lines).toEqual([expect.stringContaining('a link is not recorded')])
  })

  it('accepts only own properties as attributes', async () => {
    begin()
    const attributes = Object.create({ inherited: 1 }) as Record<string, number>
    attributes['own'] = 2
    tracer().startSpan('one', { attributes }).setAttributes(attributes).end()
    expect((await exported()).attributes).toEqual({ own: 2 })
  })

  it('retains only its context once it was sent as bytes', () => {
    begin({ exporter: 'none' })
    const span = tracer().startSpan('one', { attributes: { a: 1 } }) as Span & ReadableSpan
    span.addEvent('event').setStatus({ code: SpanStatusCode.ERROR, message: 'x' }).end()
    expect(span.spanContext().spanId).toMatch(/^[\da-f]{16}$/)
    expect([span.attributes, span.events, span.status.message]).toEqual([{}, [], undefined])
  })
})

describe('the time of a span', () => {
  it.each<[form: string, start: Date | number | [number, number], expected: [number, number]]>([
    ['a Date', new Date(1_700_000_000_123), [1_700_000_000, 123_000_000]],
    ['milliseconds', 1_700_000_000_123.5, [1_700_000_000, 123_500_000]],
    ['seconds and nanoseconds', [1_700_000_000, 123_456_789], [1_700_000_000, 123_456_789]],
  ])('may be given as %s, as Prisma and the AI SDK do', async (_form, start, expected) => {
    begin()
    const span = tracer().startSpan('one', { startTime: start })
    span.addEvent('event', start)
    span.addEvent('other', { a: 1 }, start)
    span.end([expected[0] + 1, expected[1]])
    expect(await exported()).toMatchObject({
      startTime: expected,
      endTime: [expected[0] + 1, expected[1]],
      duration: [1, 0],
      events: [{ time: expected }, { time: expected, attributes: { a: 1 } }],
    })
  })

  it('may be a value of performance.now()', async () => {
    begin()
    const before = performance.now()
    tracer()
      .startSpan('one', { startTime: before })
      .end(before + 0.25)
    const { startTime, duration } = await exported()
    expect(duration).toEqual([0, 250_000])
    expect(Math.abs(startTime[0] * 1000 + startTime[1] / 1e6 - Date.now())).toBeLessThan(60_000)
  })

  it('is never negative', async () => {
    begin()
    tracer()
      .startSpan('one', { startTime: [2000, 5] })
      .end([1000, 7])
    expect(await exported()).toMatchObject({ startTime: [2000, 5], endTime: [2000, 5], duration: [0, 0] })
  })

  it('is the wall-clock time, even after the clock was set or the machine slept', async () => {
    begin()
    const { now } = Date
    const ahead = 3_600_000
    try {
      tracer().startSpan('before', {}, ROOT_CONTEXT).end()
      Date.now = () => now() + ahead
      tracer().startSpan('after', {}, ROOT_CONTEXT).end()
    } finally {
      Date.now = now
    }
    await tracing?.shutdown()
    const [before, after] = collector.spans.map(({ startTime }) => startTime[0] * 1000 + startTime[1] / 1e6)
    expect(Math.abs((after ?? 0) - (before ?? 0) - ahead)).toBeLessThan(5000)
  })

  it('is consistent with that of its parent, even when the clock changes between them', async () => {
    begin()
    const { now } = Date
    const parent = tracer().startSpan('parent', {}, ROOT_CONTEXT)
    Date.now = () => now() + 3_600_000
    tracer().startSpan('child', {}, trace.setSpan(ROOT_CONTEXT, parent)).end()
    Date.now = now
    parent.end()
    await tracing?.shutdown()
    const [child, above] = collector.spans
    expect(child?.startTime[0]).toBeLessThanOrEqual(above?.endTime[0] ?? 0)
  })
})

describe('a tracer', () => {
  it('makes a span active as the API specifies', async () => {
    begin()
    const result = tracer().startActiveSpan('outer', outer =>
      tracer().startActiveSpan('inner', { kind: SpanKind.SERVER }, contexts.active(), inner => {
        expect(trace.getActiveSpan()).toBe(inner)
        inner.end()
        outer.end()
        return 7
      }),
    )
    expect(result).toBe(7)
    await tracing?.shutdown()
    expect(collector.spans[0]?.parentSpanContext).toEqual(collector.spans[1]?.spanContext())
  })

  it('starts a new trace with the option root, and when the parent is invalid', () => {
    begin()
    const parent = tracer().startSpan('parent', {}, ROOT_CONTEXT)
    const beneath = trace.setSpan(ROOT_CONTEXT, parent)
    const child = tracer().startSpan('child', {}, beneath)
    const root = tracer().startSpan('root', { root: true }, beneath)
    const orphan = tracer().startSpan('orphan', {}, trace.setSpanContext(ROOT_CONTEXT, INVALID_SPAN_CONTEXT))
    expect(child.spanContext().traceId).toBe(parent.spanContext().traceId)
    const ids = new Set([parent, root, orphan].map(span => span.spanContext().traceId))
    expect(ids.size).toBe(3)
    expect((root as Span & ReadableSpan).parentSpanContext).toBeUndefined()
  })

  it('starts and counts no span when tracing is suppressed', () => {
    begin()
    const span = tracer().startSpan('none', {}, suppressTracing(ROOT_CONTEXT))
    expect([span.isRecording(), span.spanContext()]).toEqual([false, INVALID_SPAN_CONTEXT])
    expect(tracing?.counts().started).toBe(0)
  })

  it('passes on the trace of spans that are not recorded', () => {
    begin()
    const header = '00-12345678901234567890123456789012-1234567890123456-00'
    const parent = propagation.extract(ROOT_CONTEXT, { traceparent: header, tracestate: 'a=b' })
    const span = tracer().startSpan('one', {}, parent)
    const child = tracer().startSpan('two', {}, trace.setSpan(parent, span))
    for (const each of [span, child]) {
      expect(each.isRecording()).toBe(false)
      expect(each.spanContext()).toMatchObject({ traceId: '12345678901234567890123456789012', traceFlags: 0 })
      expect(each.spanContext().traceState?.serialize()).toBe('a=b')
    }
    expect(child.spanContext().spanId).not.toBe(span.spanContext().spanId)
    expect(tracing?.counts()).toMatchObject({ started: 2, unsampled: 2 })
  })

  it('accepts spans of another SDK as parents', async () => {
    begin()
    const context = { traceId: 'c'.repeat(32), spanId: 'd'.repeat(16), traceFlags: 1 }
    tracer()
      .startSpan('one', {}, trace.setSpan(ROOT_CONTEXT, trace.wrapSpanContext(context)))
      .end()
    const span = await exported()
    expect(span.parentSpanContext).toEqual(context)
    expect(span.spanContext().traceId).toBe(context.traceId)
  })
})
