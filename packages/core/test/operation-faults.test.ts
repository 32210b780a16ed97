import {
  context,
  INVALID_SPAN_CONTEXT,
  type MeterProvider,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  trace,
  TraceFlags,
  type TracerProvider,
} from '@opentelemetry/api'
import { BasicTracerProvider, type Sampler, type SpanProcessor } from '@opentelemetry/sdk-trace-base'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { collectDiag, type CollectedDiag } from '@spanwright/test-kit'
import { recordTests } from '@spanwright/test-kit/recorder'

import { failure, LateHistogram, runToEnd, SUCCESS } from '@spanwright/core/plugin'
import { METRIC_DB_CLIENT_OPERATION_DURATION } from '@spanwright/core/semconv'

import { jobSettings, startJob } from './job.ts'

const fault = new Error('telemetry broke')
const breaking = (): never => {
  throw fault
}

// For its context manager alone.
recordTests({})

let diagnostics: CollectedDiag
beforeEach(() => {
  diagnostics = collectDiag('error')
})
afterEach(() => diagnostics.stop())

const PARENT: SpanContext = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: TraceFlags.SAMPLED,
}
const parent = trace.setSpanContext(ROOT_CONTEXT, PARENT)

function processor(methods: Partial<SpanProcessor>): BasicTracerProvider {
  const quiet = { onStart() {}, onEnd() {}, async forceFlush() {}, async shutdown() {} }
  return new BasicTracerProvider({ spanProcessors: [{ ...quiet, ...methods }] })
}

describe('a tracer that fails at the start', () => {
  const sampler: Sampler = { shouldSample: breaking }
  const providers: [string, TracerProvider][] = [
    ['provider', { getTracer: breaking }],
    ['tracer', { getTracer: () => ({ startSpan: breaking, startActiveSpan: breaking }) }],
    ['sampler', new BasicTracerProvider({ sampler })],
    ['span processor', processor({ onStart: breaking })],
  ]

  it.each(providers)(
    '(%s) does not touch the work, which stays in the trace of its parent',
    (_, tracerProvider) => {
      const operation = startJob({ tracerProvider }, { parent })
      expect(operation.isRecording).toBe(false)
      expect(runToEnd(operation, () => trace.getSpanContext(context.active()))).toEqual(PARENT)
      expect(diagnostics.calls).toEqual([['spanwright: starting a span failed', fault]])
    },
  )

  it.each(providers)(
    '(%s) leaves no trace where there was none, or where a new one was wanted',
    (_, tracerProvider) => {
      for (const start of [{ parent: ROOT_CONTEXT }, { parent, root: true }]) {
        const operation = startJob({ tracerProvider }, start)
        expect(operation.span.spanContext()).toEqual(INVALID_SPAN_CONTEXT)
        operation.end(SUCCESS)
      }
    },
  )
})

describe('a span that fails', () => {
  it.each(['onEnding', 'onEnd'] as const)('in the %s of its processor does not affect the work', name => {
    const operation = startJob({ tracerProvider: processor({ [name]: breaking }) })
    expect(runToEnd(operation, () => 'clean')).toBe('clean')
    expect(diagnostics.calls).toEqual([['spanwright: end() of a span failed', fault]])
  })

  it('in every method does not affect the work, and is still ended', () => {
    let ends = 0
    const span = new Proxy({} as Span, {
      get: (_target, method) =>
        method === 'spanContext' ? () => PARENT : method === 'end' ? () => void ends++ : breaking,
    })
    const tracerProvider: TracerProvider = {
      getTracer: () => ({ startSpan: () => span, startActiveSpan: breaking }),
    }
    const operation = startJob({ tracerProvider })
    expect(operation.isRecording).toBe(false)
    operation.rename('another')
    operation.end(failure(new Error('dust')), { 'job.late': 1 })

    expect(ends).toBe(1)
    expect(operation.ended).toBe(true)
    expect(diagnostics.calls.map(([what]) => what)).toContain('spanwright: updateName() of a span failed')
  })
})

describe('attributes that cannot be rewritten', () => {
  it('do not affect the work', () => {
    const settings = jobSettings({ tracerProvider: processor({}) })
    Object.defineProperty(settings, 'translate', { value: breaking })
    const operation = startJob(settings, { parent })
    expect(operation.span.spanContext()).toEqual(PARENT)
    expect(runToEnd(operation, () => 'clean')).toBe('clean')
    expect(diagnostics.calls).toEqual([['spanwright: starting a span failed', fault]])
  })
})

describe('a meter that fails', () => {
  const meterProviders: [string, MeterProvider][] = [
    ['when it is got', { getMeter: breaking }],
    ['when it makes an instrument', { getMeter: () => ({ createHistogram: breaking }) as never }],
    ['when it records', { getMeter: () => ({ createHistogram: () => ({ record: breaking }) }) as never }],
  ]

  it.each(meterProviders)('%s does not affect the work', (_, meterProvider) => {
    const settings = jobSettings({ meterProvider })
    const histogram = new LateHistogram(settings, METRIC_DB_CLIENT_OPERATION_DURATION)
    const operation = startJob(settings, { duration: { histogram, keys: [] } })
    expect(runToEnd(operation, () => 'clean')).toBe('clean')
    expect(diagnostics.calls).toEqual([['spanwright: metric db.client.operation.duration failed', fault]])
  })
})
