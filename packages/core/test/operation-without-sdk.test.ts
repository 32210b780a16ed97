import {
  context,
  defaultTextMapSetter,
  INVALID_SPAN_CONTEXT,
  ROOT_CONTEXT,
  type SpanContext,
  trace,
  TraceFlags,
} from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'

import { failure, injectContext, runToEnd, SUCCESS } from '@spanwright/core/plugin'

import { jobSettings, startJob, SWEEP } from './job.ts'

const REMOTE: SpanContext = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: TraceFlags.SAMPLED,
  isRemote: true,
}
const parent = trace.setSpanContext(ROOT_CONTEXT, REMOTE)

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
})
afterAll(() => context.disable())

describe('an operation where no SDK is registered', () => {
  it('passes the incoming trace on to the work beneath', () => {
    const settings = jobSettings({ propagator: new W3CTraceContextPropagator() })
    const operation = startJob(settings, { parent })
    const carrier: Record<string, string> = {}
    injectContext(settings, operation.context, carrier, defaultTextMapSetter)

    expect(carrier['traceparent']).toBe(`00-${REMOTE.traceId}-${REMOTE.spanId}-01`)
    expect(operation.span.spanContext()).toEqual(REMOTE)
    expect(operation.isRecording).toBe(false)
    expect(runToEnd(operation, () => trace.getSpanContext(context.active()))).toEqual(REMOTE)
  })

  it('passes nothing on when a new trace was requested, or when there was none', () => {
    for (const start of [{ parent, root: true }, { parent: ROOT_CONTEXT }]) {
      const operation = startJob({}, start)
      expect(operation.span.spanContext()).toEqual(INVALID_SPAN_CONTEXT)
      const active = operation.run(() => trace.getSpanContext(context.active()))
      expect(active ?? INVALID_SPAN_CONTEXT).toEqual(INVALID_SPAN_CONTEXT)
      operation.end(SUCCESS)
    }
  })

  it('never ends the span of its parent', () => {
    let ends = 0
    const span = Object.assign(trace.wrapSpanContext(REMOTE), { end: () => void ends++ })
    startJob({}, { parent: trace.setSpan(ROOT_CONTEXT, span) }).end(failure(new Error('dust')))
    expect(ends).toBe(0)
  })

  it('still calls the hooks', () => {
    const seen: unknown[] = []
    startJob({
      onStart: (span, job) => seen.push([span.isRecording(), job]),
      onEnd: (span, job) => seen.push([span.isRecording(), job]),
    }).end(SUCCESS)
    expect(seen).toEqual([
      [false, SWEEP],
      [false, SWEEP],
    ])
  })
})
