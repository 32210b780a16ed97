import { setImmediate } from 'node:timers/promises'

import {
  context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type TracerProvider,
} from '@opentelemetry/api'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'

import { withSpan } from '@spanwright/core'
import { version } from '../package.json'

let recorder: SpanRecorder
beforeAll(() => {
  recorder = recordSpans({ global: true })
})
afterEach(() => recorder.reset())
afterAll(() => recorder.stop())

describe('withSpan()', () => {
  it('runs a function in a new span, and returns its result', () => {
    const result = { total: 5 }
    let given: Span | undefined
    const returned = withSpan('add up', span => {
      given = span
      expect(trace.getActiveSpan()).toBe(span)
      return result
    })

    expect(returned).toBe(result)
    const [span, ...others] = recorder.spans()
    expect(others).toEqual([])
    expect(span?.spanContext()).toEqual(given?.spanContext())
    expect(span).toMatchObject({
      name: 'add up',
      kind: SpanKind.INTERNAL,
      attributes: {},
      status: { code: SpanStatusCode.UNSET },
      events: [],
      links: [],
      parentSpanContext: undefined,
      instrumentationScope: { name: '@spanwright/core', version },
    })
    expect(trace.getActiveSpan()).toBeUndefined()
  })

  it('has the given options', () => {
    const parent = trace.setSpanContext(ROOT_CONTEXT, {
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      traceFlags: TraceFlags.SAMPLED,
    })
    const links = [{ context: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 } }]
    const attributes = Object.freeze({ 'order.lines': 2 })
    withSpan('pack', () => 1, { kind: SpanKind.CLIENT, attributes, links, parent })
    withSpan('pack again', () => 1, { parent, root: true })

    const [first, second] = recorder.spans()
    expect(first).toMatchObject({
      kind: SpanKind.CLIENT,
      attributes,
      links,
      parentSpanContext: { spanId: 'b7ad6b7169203331' },
    })
    expect(second?.parentSpanContext).toBeUndefined()
  })

  it('is a child of the active span, even after an await', async () => {
    await withSpan('outer', async () => {
      withSpan('first', () => 1)
      await setImmediate()
      withSpan('second', () => 2)
    })

    expect(recorder.tree()).toMatchObject([
      { span: { name: 'outer' }, children: [{ span: { name: 'first' } }, { span: { name: 'second' } }] },
    ])
  })

  it('ends with the promise that is returned, and settles as it does', async () => {
    const promised = withSpan('later', async () => {
      await setImmediate()
      return 'done'
    })
    expect(recorder.spans()).toEqual([])
    expect(await promised).toBe('done')
    expect(recorder.spans()).toHaveLength(1)
  })

  it.each([
    ['an error', new RangeError('too many'), 'RangeError', 'too many'],
    ['null', null, '_OTHER', 'null'],
    ['undefined', undefined, '_OTHER', 'undefined'],
    ['a string', 'sold out', '_OTHER', 'sold out'],
  ])('throws and rejects with %s as the function did, and records it', async (_, thrown, type, message) => {
    const failing = (): never => {
      throw thrown
    }
    const caught: unknown[] = []
    try {
      withSpan('throws', failing)
    } catch (error) {
      caught.push(error)
    }
    // oxlint-disable-next-line typescript/require-await -- it rejects with what it throws
    await withSpan('rejects', async () => failing()).catch((error: unknown) => caught.push(error))

    expect(caught).toEqual([thrown, thrown])
    const expected = {
      status: { code: SpanStatusCode.ERROR, message },
      attributes: { 'error.type': type },
      events: [{ name: 'exception', attributes: { 'exception.message': message } }],
    }
    expect(recorder.spans()).toMatchObject([
      { name: 'throws', ...expected },
      { name: 'rejects', ...expected },
    ])
  })

  it('adds no exception event when that is switched off', () => {
    expect(() =>
      withSpan(
        'throws',
        () => {
          throw new Error('no')
        },
        { recordExceptions: false },
      ),
    ).toThrow('no')
    expect(recorder.spans()).toMatchObject([{ status: { message: 'no' }, events: [] }])
  })

  it('uses the given provider', async () => {
    const own = recordSpans()
    let tracers = 0
    const tracerProvider: TracerProvider = {
      getTracer(...scope) {
        tracers++
        return own.tracerProvider.getTracer(...scope)
      },
    }
    withSpan('elsewhere', () => 1, { tracerProvider })
    withSpan('elsewhere again', () => 1, { tracerProvider })
    expect(tracers).toBe(1)
    expect(own.spans().map(span => span.name)).toEqual(['elsewhere', 'elsewhere again'])
    expect(recorder.spans()).toEqual([])
    await own.stop()
  })

  it('runs the function in the same way when nothing is registered', async () => {
    await recorder.stop()
    expect(withSpan('silent', span => span.isRecording())).toBe(false)
    await expect(withSpan('silent', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(context.active()).toBe(ROOT_CONTEXT)
    recorder = recordSpans({ global: true })
  })

  it('has the types of the function', () => {
    const text: string = withSpan('text', () => 'a')
    const later: Promise<number> = withSpan('later', () => Promise.resolve(1))
    const either: string | undefined = withSpan('either', (): string | undefined => undefined)
    withSpan('span', (span: Span) => span.setAttribute('a', 1))
    // @ts-expect-error -- the value of a promise is not known yet
    const early: number = withSpan('early', () => Promise.resolve(1))
    // @ts-expect-error -- the function is given a span, and nothing else
    withSpan('more', (_span: Span, _more: string) => 1)
    // @ts-expect-error -- an unknown option
    expect(() => withSpan('options', () => 1, { colour: 'red' })).toThrow(TypeError)

    expect([text, later, either, early]).toEqual(['a', expect.any(Promise), undefined, expect.any(Promise)])
  })
})

describe('withSpan() used wrongly', () => {
  type Loose = (name: unknown, fn: unknown, options?: unknown) => unknown
  const loose = withSpan as Loose
  const work = (): number => 1

  it.each<[unknown[], string]>([
    [['', work], "withSpan(): the name must be a non-empty string; got ''"],
    [[work], 'withSpan(): the name must be a non-empty string; got [Function: work]'],
    [['name'], 'withSpan(): expected a function to run; got undefined'],
    [['name', Promise.resolve()], 'withSpan(): expected a function to run; got an instance of Promise'],
    [['name', work, null], 'withSpan(): options must be an object, got null'],
    [['name', work, { kinds: 1 }], "withSpan(): unknown option 'kinds' (given 1); did you mean kind?"],
    [['name', work, { kind: 9 }], 'withSpan(): option kind must be a SpanKind; got 9'],
    [['name', work, { links: {} }], 'withSpan(): option links must be an array of links; got {}'],
    [
      ['name', work, { parent: 5 }],
      'withSpan(): option parent must be a Context (an object with getValue(), setValue()); got 5',
    ],
  ])('is refused with words: %#', (args, message) => {
    expect(() => loose(...(args as [unknown, unknown]))).toThrow(new TypeError(message))
    expect(recorder.spans()).toEqual([])
  })
})
