import { request as httpRequest } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { DataPointType, type MetricData } from '@opentelemetry/sdk-metrics'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'

import { GrpcLoad } from '../src/grpc-load.ts'
import { LIBRARIES, type LibraryEntry } from '../src/libraries.ts'
import { open as openExpress } from '../src/measured/libraries/express.ts'
import { open as openFetch } from '../src/measured/libraries/fetch.ts'
import { open as openGrpcClient } from '../src/measured/libraries/grpc-client.ts'
import { open as openGrpcServer } from '../src/measured/libraries/grpc-server.ts'
import { open as openHttpClient } from '../src/measured/libraries/http-client.ts'
import { open as openHttpServer } from '../src/measured/libraries/http-server.ts'
import { open as openConsumer } from '../src/measured/libraries/kafkajs-each-message.ts'
import { open as openProducer } from '../src/measured/libraries/kafkajs-send.ts'
import { open as openKoa } from '../src/measured/libraries/koa.ts'
import { open as openPg } from '../src/measured/libraries/pg.ts'
import { open as openUndici } from '../src/measured/libraries/undici.ts'
import { open as openWithSpan } from '../src/measured/libraries/with-span.ts'
import type { Library, Variant } from '../src/measured/protocol.ts'
import type { Activity, OpenScenario, Served } from '../src/measured/scenario.ts'
import { Services } from '../src/services.ts'

const SCENARIOS: Partial<Record<Library, OpenScenario>> = {
  express: openExpress,
  koa: openKoa,
  'http-server': openHttpServer,
  'http-client': openHttpClient,
  'grpc-server': openGrpcServer,
  'grpc-client': openGrpcClient,
  fetch: openFetch,
  undici: openUndici,
  pg: openPg,
  'kafkajs-send': openProducer,
  'kafkajs-each-message': openConsumer,
  'with-span': openWithSpan,
}

const services = new Services()

afterAll(() => services.close())

/** What one operation leaves behind. */
interface Trace {
  readonly span: object
  readonly metrics: readonly MetricFace[]
}

describe.each(LIBRARIES.filter(({ name }) => SCENARIOS[name]))('spans of $title by hand', library => {
  const traces = new Map<Variant, Trace>()

  beforeAll(async () => {
    for (const variant of ['spanwright', 'by-hand'] as const) {
      traces.set(variant, await traceOf(library, variant))
    }
  }, 30_000)

  it('are the spans of spanwright', () => {
    expect(traces.get('by-hand')?.span).toEqual(traces.get('spanwright')?.span)
  })

  it('come with the metrics of spanwright', () => {
    expect(traces.get('by-hand')?.metrics).toEqual(traces.get('spanwright')?.metrics)
  })
})

async function traceOf(library: LibraryEntry, variant: Variant): Promise<Trace> {
  const service = await services.serviceFor(library.service, 'exported')
  const recorder = recordSpans({ global: true })
  try {
    const open = SCENARIOS[library.name] as OpenScenario
    const scenario = await open({
      library: library.name,
      variant,
      state: 'exported',
      service: service.address,
      upstream: '',
      sink: '',
    })
    await operate(library, scenario, recorder)
    await scenario.close()
    const [span] = recorder.spans()
    if (!span) throw new Error(`${library.title}: ${variant} made no span`)
    return { span: faceOf(span), metrics: (await metricsOf(recorder)).map(metricFace).toSorted(byName) }
  } finally {
    await recorder.stop()
    await service.close()
  }
}

/** The hand-written code has no metrics of the pool. */
async function metricsOf(recorder: SpanRecorder): Promise<MetricData[]> {
  const metrics = await recorder.metrics()
  return metrics.filter(({ descriptor }) => !descriptor.name.startsWith('db.client.connection.'))
}

async function operate(
  { service }: LibraryEntry,
  scenario: Served | Activity,
  recorder: SpanRecorder,
): Promise<void> {
  if ('start' in scenario) scenario.start()
  else if (service === 'grpc-load') await call(scenario.port)
  else await ask(scenario.port)
  while (recorder.spans().length === 0) await nextTurn()
  if ('stop' in scenario) await scenario.stop()
}

async function call(port: number): Promise<void> {
  const load = await GrpcLoad.connect(port, 'exported')
  await load.send(1)
  load.close()
}

function ask(port: number): Promise<void> {
  const headers = {
    'user-agent': 'bench',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  }
  return new Promise((resolve, reject) => {
    httpRequest({ host: '127.0.0.1', port, path: '/users/42', headers }, response => {
      response.resume().on('end', resolve)
    })
      .on('error', reject)
      .end()
  })
}

/** Values that are those of a moment, or of a process. */
const PASSING = new Set([
  'server.port',
  'network.peer.port',
  'url.full',
  'messaging.consumer.group.name',
  'spanwright.messaging.queue_time',
])

function faceOf(span: ReadableSpan): object {
  return {
    name: span.name,
    kind: span.kind,
    status: span.status,
    parent: span.parentSpanContext?.spanId,
    links: span.links.map(({ context }) => context.spanId),
    events: span.events.map(({ name }) => name),
    attributes: lasting(span.attributes),
  }
}

function metricFace({ descriptor, dataPointType, dataPoints }: MetricData): MetricFace {
  const [point] = dataPoints
  const { buckets } = (point?.value ?? {}) as { buckets?: { boundaries: number[] } }
  return {
    name: descriptor.name,
    unit: descriptor.unit,
    type: DataPointType[dataPointType],
    boundaries: buckets?.boundaries,
    attributes: lasting(point?.attributes ?? {}),
  }
}

interface MetricFace {
  readonly name: string
  readonly unit: string
  readonly type: string | undefined
  readonly boundaries: number[] | undefined
  readonly attributes: object
}

/** Attributes without what is known to differ from run to run. */
function lasting(attributes: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(attributes)
      // By hand that needs other calls than that of the pool: it is left out of the floor.
      .filter(([key]) => key !== 'spanwright.db.wait_time')
      .map(([key, value]) => [key, PASSING.has(key) ? typeof value : value]),
  )
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name.localeCompare(b.name)
}
