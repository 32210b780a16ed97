import {
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  INVALID_SPAN_CONTEXT,
  ROOT_CONTEXT,
  type TextMapPropagator,
  trace,
} from '@opentelemetry/api'
import * as sdk from '@opentelemetry/core'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { collectDiag, type CollectedDiag } from '@spanwright/test-kit'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'

import {
  extractContext,
  injectContext,
  isInTrace,
  isTracingSuppressed,
  propagatedFields,
  suppressTracing,
} from '@spanwright/core/plugin'

import { jobSettings } from './job.ts'

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'
const SPAN_ID = 'b7ad6b7169203331'
const TRACEPARENT = `00-${TRACE_ID}-${SPAN_ID}-01`
const fault = new Error('no')
const breaking = (): never => {
  throw fault
}

let recorder: SpanRecorder
let diagnostics: CollectedDiag
beforeEach(() => {
  recorder = recordSpans({ global: true })
  diagnostics = collectDiag('error')
})
afterEach(async () => {
  diagnostics.stop()
  await recorder.stop()
})

/** Writes and reads the trace in a header of its own. */
const house: TextMapPropagator<unknown> = {
  inject(context, carrier, setter) {
    setter.set(carrier, 'x-house', trace.getSpanContext(context)?.traceId ?? 'none')
  },
  extract: (context, carrier, getter) => context.setValue(HOUSE, getter.get(carrier, 'x-house')),
  fields: () => ['x-house'],
}
const HOUSE = Symbol('house')

function extracted(
  settings = jobSettings(),
  carrier: Record<string, string> = { traceparent: TRACEPARENT },
): Context {
  return extractContext(settings, ROOT_CONTEXT, carrier, defaultTextMapGetter)
}

function injected(context: Context, settings = jobSettings()): Record<string, string> {
  const carrier: Record<string, string> = {}
  injectContext(settings, context, carrier, defaultTextMapSetter)
  return carrier
}

describe('the context of a carrier', () => {
  it('is that of the registered propagator, in and out', () => {
    const context = extracted()
    expect(trace.getSpanContext(context)).toMatchObject({
      traceId: TRACE_ID,
      spanId: SPAN_ID,
      isRemote: true,
    })
    expect(injected(context)).toEqual({ traceparent: TRACEPARENT })
    expect(propagatedFields(jobSettings())).toEqual(
      expect.arrayContaining(['traceparent', 'tracestate', 'baggage']),
    )
  })

  it('is that of the propagator given as an option', () => {
    const settings = jobSettings({ propagator: house })
    const context = extracted(settings, { 'x-house': 'blue', traceparent: TRACEPARENT })
    expect(context.getValue(HOUSE)).toBe('blue')
    expect(trace.getSpanContext(context)).toBeUndefined()
    expect(injected(extracted(), settings)).toEqual({ 'x-house': TRACE_ID })
    expect(propagatedFields(settings)).toEqual(['x-house'])
  })

  it('is added on top of the given one', () => {
    const key = Symbol('tenant')
    const context = ROOT_CONTEXT.setValue(key, 'blue')
    const both = extractContext(jobSettings(), context, { traceparent: TRACEPARENT }, defaultTextMapGetter)
    expect(both.getValue(key)).toBe('blue')
    expect(isInTrace(both)).toBe(true)
  })

  it('is none where no propagator is registered', async () => {
    await recorder.stop()
    expect(extracted()).toBe(ROOT_CONTEXT)
    expect(propagatedFields(jobSettings())).toEqual([])
    recorder = recordSpans({ global: true })
  })
})

describe('a propagator that fails', () => {
  it('leaves the given context and the carrier unchanged', () => {
    const settings = jobSettings({ propagator: { inject: breaking, extract: breaking, fields: breaking } })
    expect(extracted(settings)).toBe(ROOT_CONTEXT)
    expect(injected(extracted(), settings)).toEqual({})
    expect(propagatedFields(settings)).toEqual([])
    expect(diagnostics.calls).toEqual([
      ['spanwright: extracting the context failed', fault],
      ['spanwright: injecting the context failed', fault],
      ['spanwright: listing the fields of the propagator failed', fault],
    ])
  })

  it('by returning nothing leaves the given context', () => {
    const silent = { ...house, extract: () => undefined as unknown as Context }
    expect(extracted(jobSettings({ propagator: silent }))).toBe(ROOT_CONTEXT)
  })

  it('does not prevent the fields that a carrier accepts', () => {
    const propagator = {
      ...house,
      inject: (_: Context, carrier: unknown, setter: { set(...field: unknown[]): void }) => {
        for (const name of ['one', 'two', 'three']) setter.set(carrier, name, name)
      },
    }
    const taken: string[] = []
    injectContext(jobSettings({ propagator }), extracted(), taken, {
      set(names, name) {
        if (name === 'two') throw fault
        names.push(name)
      },
    })
    expect(taken).toEqual(['one', 'three'])
    expect(diagnostics.calls).toEqual([['spanwright: injecting the context failed', fault]])
  })

  it('because of the carrier leaves the given context', () => {
    const closed = { get: breaking, keys: breaking }
    const settings = jobSettings({ propagator: house })
    expect(extractContext(settings, ROOT_CONTEXT, {}, closed)).toBe(ROOT_CONTEXT)
    injectContext(settings, extracted(), {}, { set: breaking })
    expect(diagnostics.calls).toEqual([
      ['spanwright: extracting the context failed', fault],
      ['spanwright: injecting the context failed', fault],
    ])
  })
})

describe('suppressed tracing', () => {
  it('is the same as that of the SDK, both ways', () => {
    expect(isTracingSuppressed(ROOT_CONTEXT)).toBe(false)
    expect(sdk.isTracingSuppressed(suppressTracing(ROOT_CONTEXT))).toBe(true)
    expect(isTracingSuppressed(sdk.suppressTracing(ROOT_CONTEXT))).toBe(true)
    expect(isTracingSuppressed(sdk.unsuppressTracing(suppressTracing(ROOT_CONTEXT)))).toBe(false)
  })

  it('puts no context into a carrier', () => {
    expect(injected(suppressTracing(extracted()))).toEqual({})
  })
})

describe('a context', () => {
  it('is in a trace when it has a valid span, recording or not', () => {
    expect(isInTrace(ROOT_CONTEXT)).toBe(false)
    expect(isInTrace(trace.setSpanContext(ROOT_CONTEXT, INVALID_SPAN_CONTEXT))).toBe(false)
    expect(isInTrace(extracted(jobSettings(), { traceparent: `00-${TRACE_ID}-${SPAN_ID}-00` }))).toBe(true)
  })
})
