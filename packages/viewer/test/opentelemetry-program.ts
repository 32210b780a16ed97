import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'

import { BEGAN, spanIdOf, traceIdOf } from './traces.ts'

/** Sends one span with fields of every kind. Runs outside Jest, because the exporters load `node:http` by import(). */
async function main(): Promise<void> {
  const [url = '', form, compression] = process.argv.slice(2)
  const Exporter = form === 'json' ? JsonExporter : ProtobufExporter
  const exporter = new Exporter({
    url,
    compression: compression === 'gzip' ? CompressionAlgorithm.GZIP : CompressionAlgorithm.NONE,
  })
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'shop' }),
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
  })
  const link = { traceId: traceIdOf('cd'), spanId: spanIdOf('7'), traceFlags: 1 }
  const span = provider.getTracer('test', '1.2.3').startSpan('GET /users/:id', {
    kind: SpanKind.SERVER,
    startTime: BEGAN,
    links: [{ context: link, attributes: { why: 'batch' } }],
    attributes: {
      text: 'ü',
      whole: 2 ** 40,
      part: 0.5,
      yes: true,
      no: false,
      list: ['a', 'b'],
      negative: -3,
    },
  })
  span.addEvent('cache.miss', { key: 'user 7' }, BEGAN + 1)
  span.setStatus({ code: SpanStatusCode.ERROR, message: 'broken' })
  span.end(BEGAN + 12.5)
  await provider.shutdown()
  const { traceId, spanId } = span.spanContext()
  process.stdout.write(JSON.stringify({ traceId, spanId }))
}

void main()
