import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, connect } from 'node:net'

import { context, metrics, propagation, type SpanContext, SpanKind, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { registerInstrumentations } from '@opentelemetry/instrumentation'
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import type { HttpServerOptions } from '@spanwright/core/plugin'

import { eventsOf } from './events.ts'

// Registered when this is imported: before whatever loads `node:http`, as OpenTelemetry demands.
const exporter = new InMemorySpanExporter()
const reader = new PeriodicExportingMetricReader({
  exporter: new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE),
})
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
propagation.setGlobalPropagator(new W3CTraceContextPropagator())
trace.setGlobalTracerProvider(
  new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
)
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }))
registerInstrumentations({ instrumentations: [new HttpInstrumentation()] })

/** A printed span. */
export interface PrintedSpan {
  readonly scope: string
  readonly name: string
  readonly kind: SpanKind
  readonly status: ReadableSpan['status']
  readonly attributes: ReadableSpan['attributes']
  /** Names of its events, an exception with its type after a space. */
  readonly events: readonly string[]
  readonly context: SpanContext
  readonly parent: string | undefined
}

/** What the requests of {@link answerAll} left behind. */
export interface Report {
  /** Status of each response, and the trace id it exposed. */
  readonly answers: readonly (readonly [number, string | null])[]
  readonly spans: readonly PrintedSpan[]
  /** Points of every duration metric: its scope, and the attributes of the point. */
  readonly points: readonly (readonly [string, object])[]
}

/** Options with which the apps are traced: all that affect a span or a response. */
export const SHOWN: HttpServerOptions<unknown> = {
  ignore: ({ url }) => url === '/ignored',
  attributes: () => ({ tenant: 'blue' }),
  captureHeaders: { response: ['x-kind'] },
  expose: 'x-trace-id',
  stages: true,
}

/** Requests to an app, before one that it never answers. */
const PATHS = [
  '/shop/users/7?sig=secret',
  '/shop/broken',
  '/shop/refused',
  '/shop/half',
  '/shop/none',
  '/ignored',
]

/**
 * Serves an app within OpenTelemetry's HTTP instrumentation, sends it one request after the other, and prints a
 * {@link Report} when all spans have ended.
 */
export async function answerAll(app: RequestListener): Promise<void> {
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const answers: [number, string | null][] = []
  for (const path of PATHS) {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      headers: { 'user-agent': 'test/1', traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` },
    })
    // One of the responses is cut short.
    await answer.arrayBuffer().catch(() => undefined)
    answers.push([answer.status, answer.headers.get('x-trace-id')])
  }
  const socket = connect(port, '127.0.0.1').on('error', () => undefined)
  const arrived = once(server, 'request')
  socket.write(`GET /shop/never HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`)
  await arrived
  socket.destroy()
  while (exporter.getFinishedSpans().filter(isServer).length <= PATHS.length) {
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  server.close()
  server.closeAllConnections()
  process.stdout.write(JSON.stringify(await reportOf(answers)))
}

function isServer({ kind }: ReadableSpan): boolean {
  return kind === SpanKind.SERVER
}

/** All spans that have ended, in the order in which they did. */
export function spansOf(): PrintedSpan[] {
  return exporter.getFinishedSpans().map(span => ({
    scope: span.instrumentationScope.name,
    name: span.name,
    kind: span.kind,
    status: span.status,
    attributes: span.attributes,
    events: eventsOf(span),
    context: span.spanContext(),
    parent: span.parentSpanContext?.spanId,
  }))
}

async function reportOf(answers: Report['answers']): Promise<Report> {
  const { resourceMetrics } = await reader.collect()
  await reader.shutdown()
  return {
    answers,
    spans: spansOf(),
    points: resourceMetrics.scopeMetrics.flatMap(({ scope, metrics: list }) =>
      list.flatMap(({ dataPoints }) => dataPoints.map(({ attributes }) => [scope.name, attributes] as const)),
    ),
  }
}
