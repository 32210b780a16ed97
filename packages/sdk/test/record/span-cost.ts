import { type Context, ROOT_CONTEXT, SpanKind, trace, type Tracer } from '@opentelemetry/api'
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  AlwaysOnSampler,
  ParentBasedSampler,
  type ReadableSpan,
  TracerProvider,
} from '@opentelemetry/sdk-trace'

import { ByteStore } from '../../src/record/otlp/byte-store.ts'
import { RecordingTracerProvider } from '../../src/record/provider.ts'
import type { Sampler } from '../../src/record/types.ts'
import { alwaysOff, alwaysOn, parentBased } from '../../src/sampling/samplers.ts'

// Run manually: the cost of a span with 12 attributes in a tight loop, started, ended and encoded, here and with
// OpenTelemetry's SDK. Microseconds of CPU, the median and the minimum of several rounds.
const ROUNDS = 40
const SPANS = Number(process.argv[2] ?? 30_000)
const BATCH = 512
const ROUTES = ['/items/:id', '/users/:id', '/health'] as const
const RESOURCE = resourceFromAttributes({ 'service.name': 'cost' })
const LIMIT = 128

function makeSpan(tracer: Tracer, index: number, context: Context): void {
  const route = ROUTES[index % ROUTES.length] ?? ''
  const span = tracer.startSpan(
    `GET ${route}`,
    {
      kind: SpanKind.SERVER,
      attributes: {
        'http.request.method': 'GET',
        'url.path': `/items/${index}`,
        'url.scheme': 'http',
        'server.address': 'localhost',
        'server.port': 8080,
        'network.protocol.version': '1.1',
        'client.address': '127.0.0.1',
        'user_agent.original': 'Mozilla/5.0 (X11; Linux x86_64) bench',
      },
    },
    context,
  )
  span.setAttribute('http.route', route)
  span.setAttributes({ 'http.response.status_code': 200, 'app.user.id': index, 'app.ratio': 0.25 })
  span.end()
}

const store = new ByteStore({ maxQueueSize: Infinity, maxQueueBytes: Infinity }, RESOURCE)

function ours(sampler: Sampler): Tracer {
  const provider = new RecordingTracerProvider({
    resource: RESOURCE,
    sampler: parentBased(sampler),
    limits: {
      attributeValueLengthLimit: 4096,
      attributeCountLimit: LIMIT,
      linkCountLimit: LIMIT,
      eventCountLimit: LIMIT,
      attributePerEventCountLimit: LIMIT,
      attributePerLinkCountLimit: LIMIT,
    },
    idGenerator: undefined,
    processors: [],
    baggageAttributes: [],
    sink: {
      keepsObjects: false,
      onStart: () => {},
      onEnd: span => void store.add(span),
      refuse: () => {},
      forceFlush: async () => {},
      shutdown: async () => {},
    },
  })
  return provider.getTracer('cost')
}

function drainOurs(): void {
  for (let batch = store.take(BATCH, Infinity); batch; batch = store.take(BATCH, Infinity))
    store.release(batch)
}

const waiting: ReadableSpan[] = []

function theirs(): Tracer {
  const provider = new TracerProvider({
    resource: RESOURCE,
    sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }),
    spanProcessors: [
      {
        onStart: () => {},
        onEnd: span => void waiting.push(span),
        forceFlush: async () => {},
        shutdown: async () => {},
      },
    ],
  })
  return provider.getTracer('cost')
}

function drainTheirs(): void {
  ProtobufTraceSerializer.serializeRequest(waiting.splice(0))
}

function measure(what: string, tracer: Tracer, context: Context, drain: () => void): void {
  const costs = Array.from({ length: ROUNDS }, () => {
    const before = process.cpuUsage()
    for (let index = 0; index < SPANS; index++) {
      makeSpan(tracer, index, context)
      if (index % BATCH === 0) drain()
    }
    const { user, system } = process.cpuUsage(before)
    return (user + system) / SPANS
  }).toSorted((one, other) => one - other)
  const [least = 0] = costs
  const median = costs[ROUNDS / 2] ?? 0
  process.stdout.write(`${what.padEnd(32)} ${median.toFixed(2)} µs, at least ${least.toFixed(2)} µs\n`)
}

const sampled = ours(alwaysOn())
const unsampled = ours(alwaysOff())
const beneath = (tracer: Tracer): Context =>
  trace.setSpan(ROOT_CONTEXT, tracer.startSpan('parent', {}, ROOT_CONTEXT))

measure('first span of a trace', sampled, ROOT_CONTEXT, drainOurs)
measure('span beneath another', sampled, beneath(sampled), drainOurs)
measure('first span, not sampled', unsampled, ROOT_CONTEXT, drainOurs)
measure('span beneath one not sampled', unsampled, beneath(unsampled), drainOurs)
measure("OpenTelemetry's SDK", theirs(), ROOT_CONTEXT, drainTheirs)
