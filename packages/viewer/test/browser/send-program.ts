import { type Context, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'

import { BEGAN, type SpanInWords } from '../traces.ts'
import { SCENARIOS } from './scenarios.ts'

/** Sends scenarios with OpenTelemetry's SDK, with a provider for each service. */
async function main([url = '', ...names]: readonly string[]): Promise<void> {
  const providers = new Map<string, TracerProvider>()
  const providerOf = (service: string): TracerProvider => {
    const known = providers.get(service)
    if (known) return known
    const exporter = new OTLPTraceExporter({ url: `${url}/v1/traces` })
    const provider = new TracerProvider({
      resource: resourceFromAttributes({
        'service.name': service,
        'service.version': '2.3.0',
        'service.instance.id': `${service}-1`,
      }),
      spanProcessors: [new BatchSpanProcessor({ exporter })],
    })
    providers.set(service, provider)
    return provider
  }
  const traceIds: string[] = []
  for (const [index, spans] of names.flatMap(name => SCENARIOS[name] ?? []).entries()) {
    traceIds.push(record(spans, BEGAN + 1000 * index, providerOf))
  }
  for (const provider of providers.values()) await provider.shutdown()
  process.stdout.write(JSON.stringify(traceIds))
}

/** Records a trace. Returns its id. */
function record(
  spans: readonly SpanInWords[],
  began: number,
  providerOf: (service: string) => TracerProvider,
): string {
  const recorded = new Map<string, Span>()
  for (const {
    id,
    parent = '',
    service = 'shop',
    name = id,
    kind = 'INTERNAL',
    at = [0, 100],
    failed,
    attributes = {},
    events = [],
    links = [],
  } of spans) {
    const above = recorded.get(parent)
    const context: Context = above ? trace.setSpan(ROOT_CONTEXT, above) : ROOT_CONTEXT
    const linked = links.flatMap(other => recorded.get(other) ?? [])
    const options = {
      kind: SpanKind[kind],
      startTime: began + at[0],
      attributes,
      links: linked.map(span => ({ context: span.spanContext() })),
    }
    const span = providerOf(service).getTracer('@spanwright/http', '0.1.0').startSpan(name, options, context)
    for (const event of events) span.addEvent(event.name, event.attributes, began + event.at)
    if (failed) span.setStatus({ code: SpanStatusCode.ERROR })
    recorded.set(id, span)
  }
  for (const { id, at = [0, 100] } of spans.toReversed()) recorded.get(id)?.end(began + at[1])
  return recorded.get(spans[0]?.id ?? '')?.spanContext().traceId ?? ''
}

void main(process.argv.slice(2))
