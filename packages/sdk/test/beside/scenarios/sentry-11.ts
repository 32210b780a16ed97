import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { context, propagation, SpanKind } from '@opentelemetry/api'
import { captureException, flush, init } from '@sentry/node'

import type { Scenario } from '../scenario.ts'

const endpoint = process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? ''

init({ dsn: `${endpoint.replace('://', '://key@')}/1`, tracesSampleRate: 1 })

/** Sentry 11, which has its own tracing by default, beside an SDK. */
export const scenario: Scenario = {
  async run(provider) {
    const tracer = provider.getTracer('app', '1')
    const server = createServer((request, response) => {
      const above = propagation.extract(context.active(), request.headers)
      tracer.startActiveSpan(`GET ${request.url}`, { kind: SpanKind.SERVER }, above, span => {
        const { traceparent, 'sentry-trace': sentryTrace, baggage } = request.headers
        const found = [
          String(traceparent).startsWith('00-'),
          Boolean(sentryTrace),
          baggage?.includes('tenant=acme'),
        ]
        span.setAttribute('found', found.map(String)).end()
        response.end()
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/items`
    const baggage = propagation.createBaggage({ tenant: { value: 'acme' } })
    await context.with(propagation.setBaggage(context.active(), baggage), () =>
      tracer.startActiveSpan('job', async span => {
        const headers: Record<string, string> = {}
        propagation.inject(context.active(), headers)
        await (await fetch(url, { headers })).text()
        captureException(new TypeError('no price'))
        span.end()
      }),
    )
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
    await flush(5000)
  },
}
