import { context, SpanKind, trace } from '@opentelemetry/api'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'

/** Records the trace of a request with one query; `TABLE` names its table. */
export function recordBaselineTrace(): SpanRecorder {
  const recorder = recordSpans()
  const tracer = recorder.tracerProvider.getTracer('test')
  const root = tracer.startSpan('POST /orders', { kind: SpanKind.SERVER })
  context.with(trace.setSpan(context.active(), root), () =>
    tracer
      .startSpan(`INSERT ${process.env['TABLE']}`, {
        kind: SpanKind.CLIENT,
        attributes: { 'db.namespace': 'shop', 'server.port': 5432 },
      })
      .end(),
  )
  root.end()
  return recorder
}
