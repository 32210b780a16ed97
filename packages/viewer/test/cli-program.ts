import { SpanKind, trace } from '@opentelemetry/api'
import { startTracing } from '@spanwright/sdk'

/** A program with one span, sent with this project's SDK. */
async function main(): Promise<void> {
  const tracing = startTracing({ serviceName: 'shop' })
  const span = trace.getTracer('program').startSpan('GET /users/:id', { kind: SpanKind.SERVER })
  span.setAttribute('endpoint', process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '')
  span.end()
  await tracing.shutdown()
  process.stdout.write('done\n')
  process.exitCode = 3
}

void main()
