import { describe, expect, it } from '@jest/globals'
import { collectDiag } from '@spanwright/test-kit'
import { recordTests } from '@spanwright/test-kit/recorder'
import { context, propagation, ROOT_CONTEXT, trace, TraceFlags } from '@opentelemetry/api'

import { carrierOf, linkTo, withRemoteContext, withSpan } from '@spanwright/core'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'
const HEADER = `00-${TRACE}-${SPAN}-01`
const BAGGAGE = propagation.createBaggage({ tenant: { value: 'acme' } })

const recorder = recordTests()

describe('carrierOf()', () => {
  it('is empty outside a trace', () => {
    expect(carrierOf()).toEqual({})
    expect(carrierOf('environment')).toEqual({})
  })

  it('holds trace and baggage as fields, or as variables of a process', () => {
    withSpan('send', span => {
      const { traceId, spanId } = span.spanContext()
      context.with(propagation.setBaggage(context.active(), BAGGAGE), () => {
        const traceparent = `00-${traceId}-${spanId}-01`
        expect(carrierOf()).toEqual({ traceparent, baggage: 'tenant=acme' })
        expect(carrierOf('environment')).toEqual({ TRACEPARENT: traceparent, BAGGAGE: 'tenant=acme' })
      })
    })
  })

  it('refuses another form', () => {
    expect(() => carrierOf('env' as 'fields')).toThrow(
      new TypeError("carrierOf(): the form must be 'fields' or 'environment'; got 'env'"),
    )
  })
})

describe('withRemoteContext()', () => {
  it.each<[what: string, carrier: object]>([
    ['headers', { traceparent: HEADER }],
    ['variables of a process', { PATH: '/bin', TRACEPARENT: HEADER }],
    ['a Map', new Map([['traceparent', HEADER]])],
    ['bytes', { traceparent: Buffer.from(HEADER) }],
    ['attributes of a message of SQS', { traceparent: { DataType: 'String', StringValue: HEADER } }],
    ['attributes of a record of SQS in Lambda', { traceparent: { dataType: 'String', stringValue: HEADER } }],
  ])('runs work in the context of %s', async (_what, carrier) => {
    const answer = await withSpan('elsewhere', () =>
      withRemoteContext(Object.freeze(carrier), async () => {
        await Promise.resolve()
        return withSpan('work', () => 'done')
      }),
    )

    expect(answer).toBe('done')
    const span = recorder.find({ name: 'work' })
    expect(span?.spanContext().traceId).toBe(TRACE)
    expect(span?.parentSpanContext).toMatchObject({
      spanId: SPAN,
      isRemote: true,
      traceFlags: TraceFlags.SAMPLED,
    })
    expect(linkTo(carrier)).toMatchObject({ context: { spanId: SPAN } })
  })

  it.each<[what: string, carrier: object | null | undefined]>([
    ['nothing', undefined],
    ['null', null],
    ['no context', {}],
    ['a broken context', { traceparent: 'nonsense' }],
  ])('begins a new trace for %s, without the baggage of the active context', (_what, carrier) => {
    withSpan('elsewhere', () =>
      context.with(propagation.setBaggage(context.active(), BAGGAGE), () => {
        withRemoteContext(carrier, () => {
          expect(propagation.getActiveBaggage()).toBeUndefined()
          expect(trace.getActiveSpan()).toBeUndefined()
          withSpan('work', () => 1)
        })
      }),
    )
    expect(recorder.find({ name: 'work' })?.parentSpanContext).toBeUndefined()
  })

  it('restores what carrierOf() wrote, and throws what the work throws', () => {
    const carrier = withSpan('send', () => JSON.parse(JSON.stringify(carrierOf())) as object)
    const fault = new Error('no')
    const fail = (): never => {
      throw fault
    }
    expect(() => withRemoteContext(carrier, () => withSpan('work', fail))).toThrow(fault)
    const sent = recorder.find({ name: 'send' })
    expect(recorder.find({ name: 'work' })?.parentSpanContext?.spanId).toBe(sent?.spanContext().spanId)
  })

  it('runs the work when the carrier throws', () => {
    const { stop } = collectDiag('error')
    const carrier = {
      get traceparent(): string {
        throw new Error('broken')
      },
    }
    expect(withRemoteContext(carrier, () => 7)).toBe(7)
    stop()
  })

  it('keeps tracing suppressed, and refuses a value that is not a function', () => {
    const key = Symbol('test')
    context.with(ROOT_CONTEXT.setValue(key, 1), () => {
      withRemoteContext({}, () => expect(context.active().getValue(key)).toBe(1))
    })
    expect(() => withRemoteContext({}, 5 as unknown as () => void)).toThrow(TypeError)
  })
})
