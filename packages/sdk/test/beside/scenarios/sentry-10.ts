import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

import {
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapPropagator,
  trace,
} from '@opentelemetry/api'
import type { Sampler, SpanProcessor } from '@opentelemetry/sdk-trace-node'
import {
  captureException,
  flush,
  init,
  SentryContextManager,
  validateOpenTelemetrySetup,
} from 'sentry-node-core-10'

import type { Scenario } from '../scenario.ts'

// The copy that Sentry 10 itself uses; the other one belongs to Sentry 11.
const load = createRequire(createRequire(__filename).resolve('sentry-node-core-10'))
const { SentryPropagator, SentrySampler, SentrySpanProcessor } = load('@sentry/opentelemetry') as {
  readonly SentryPropagator: new () => TextMapPropagator
  readonly SentrySampler: new (client: unknown) => Sampler
  readonly SentrySpanProcessor: new () => SpanProcessor
}

const endpoint = process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? ''

const client = init({
  dsn: `${endpoint.replace('://', '://key@')}/1`,
  tracesSampler: ({ name, inheritOrSampleWith }) => (name.includes('health') ? 0 : inheritOrSampleWith(1)),
  defaultIntegrations: false,
})
if (!client) throw new Error('Sentry did not start')

/** Sentry 10 on an SDK that the app set up, as Sentry's documentation describes. */
export const scenario: Scenario = {
  sampler: new SentrySampler(client),
  spanProcessors: [new SentrySpanProcessor()],
  propagator: new SentryPropagator(),
  contextManager: new SentryContextManager(),
  async run(provider) {
    validateOpenTelemetrySetup()
    const tracer = provider.getTracer('app', '1')
    const server = createServer((request, response) => {
      const above = propagation.extract(context.active(), request.headers)
      const attributes = { 'http.request.method': 'GET', 'url.path': request.url ?? '' }
      tracer.startActiveSpan(`GET ${request.url}`, { kind: SpanKind.SERVER, attributes }, above, span => {
        answer(span)
        response.end(span.isRecording() ? 'recorded' : 'left out')
        span.setAttribute('http.response.status_code', 200).end()
      })
    })
    function answer(span: Span): void {
      const failing = tracer.startSpan('SELECT items', {
        kind: SpanKind.CLIENT,
        attributes: { 'db.system.name': 'postgresql' },
        links: [{ context: span.spanContext() }],
      })
      context.with(trace.setSpan(context.active(), failing), () =>
        captureException(new TypeError('no price')),
      )
      failing.setStatus({ code: SpanStatusCode.ERROR, message: 'no price' }).end()
    }
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    await tracer.startActiveSpan('job', async span => {
      const headers: Record<string, string> = {}
      propagation.inject(context.active(), headers)
      if (!headers['sentry-trace']?.startsWith(span.spanContext().traceId)) throw new Error('no sentry-trace')
      const [response] = (await once(get(`${url}/items`, { headers }), 'response')) as [IncomingMessage]
      if ((await text(response)) !== 'recorded') throw new Error('the request was not recorded')
      span.end()
    })
    const [health] = (await once(get(`${url}/health`), 'response')) as [IncomingMessage]
    if ((await text(health)) !== 'left out') throw new Error('the sampler was not asked')
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
    await flush(5000)
  },
}
