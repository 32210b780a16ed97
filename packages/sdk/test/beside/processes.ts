import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { decode } from '@msgpack/msgpack'
import { startKafka, startPostgres } from '@spanwright/services'

import { type Behaviour, startEndpoint } from '../endpoint.ts'
import { decodeRequest } from '../record/otlp-decoder.ts'
import type { Said } from './application-program.ts'
import { itemsIn } from './outcome.ts'
import { type Recorded, Traces } from './traces.ts'

/** The outcome of one run of the application. */
export interface Run extends Said {
  readonly traces: Traces
  readonly code: number | null
  /** What it wrote to standard error. */
  readonly printed: string
  /** Path, status, names of headers and body of each response. */
  readonly answers: readonly string[]
  /** Which span each request of the application carried in `traceparent`. */
  readonly carried: Readonly<Record<string, string>>
  /** Items in Sentry's envelopes. */
  readonly items: readonly Readonly<Record<string, unknown>>[]
}

/** What is recorded and carried where nothing else traces. */
export const ALONE: Readonly<{ requests: readonly string[]; carried: Run['carried'] }> &
  Pick<Run, 'answers'> = {
  // The same as without tracing.
  answers: [
    '/items/7 200 connection,content-length,content-type,date,etag,keep-alive,x-powered-by ' +
      '{"rows":[{"id":7}],"fetched":"7","requested":"7","got":"7","message":"7","reply":"7"}',
    '/carts/8 200 connection,content-length,content-type,date,keep-alive {"cart":"8"}',
    '/plain 200 connection,content-length,date,keep-alive {"path":"/plain"}',
  ],
  requests: [
    'SERVER GET (@spanwright/http)',
    'SERVER GET /carts/:id (@spanwright/koa)',
    'SERVER GET /items/:id (@spanwright/express)',
    '  CLIENT GET (@spanwright/http)',
    '  CLIENT GET (@spanwright/undici)',
    '  CLIENT GET (@spanwright/undici)',
    '  CLIENT SELECT (@spanwright/pg)',
    '  CLIENT shop.Cart/Add (@spanwright/grpc)',
    '    SERVER shop.Cart/Add (@spanwright/grpc)',
    '  PRODUCER send orders (@spanwright/kafkajs)',
    '    CONSUMER process orders (@spanwright/kafkajs)',
  ],
  carried: {
    '/peer/fetch': 'CLIENT GET (@spanwright/undici)',
    '/peer/undici': 'CLIENT GET (@spanwright/undici)',
    '/peer/http': 'CLIENT GET (@spanwright/http)',
  },
}

/** Answers the exporters, an agent of Datadog, and the requests of the application. */
const answer: Behaviour = (response, { url = '' }) => {
  if (url.startsWith('/peer')) response.end('7')
  else if (url.startsWith('/v1/')) response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
  else response.writeHead(200, { 'content-type': 'application/json' }).end('{"rate_by_service":{}}')
}

/** A database and a broker, and an application that uses them, as often as a test runs it. */
export async function startServices() {
  const [database, kafka] = await Promise.all([startPostgres(), startKafka()])
  let runs = 0
  return {
    run: (setUps: readonly string[], variables: Readonly<Record<string, string>> = {}): Promise<Run> =>
      runApplication(setUps, {
        ...variables,
        DATABASE: database.connectionString,
        BROKER: kafka.brokers[0] ?? '',
        TOPIC: `orders-${++runs}`,
      }),
    async [Symbol.asyncDispose]() {
      await Promise.all([database.stop(), kafka.stop()])
    },
  }
}

async function runApplication(
  setUps: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<Run> {
  await using endpoint = await startEndpoint(answer)
  const child = fork(join(__dirname, 'application-program.ts'), [...setUps], {
    execArgv: ['--import', 'tsx', '--conditions=@spanwright/source'],
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    env: {
      ...process.env,
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url,
      OTEL_METRICS_EXPORTER: 'none',
      SENTRY_DSN: `${endpoint.url.replace('://', '://key@')}/1`,
      DD_TRACE_AGENT_URL: endpoint.url,
      DD_TRACE_STARTUP_LOGS: 'false',
      DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
      DD_REMOTE_CONFIGURATION_ENABLED: 'false',
      PEER: `${endpoint.url}/peer`,
      ...variables,
    },
  })
  const answers: string[] = []
  let problems: readonly string[] = []
  async function call(url: string): Promise<void> {
    const response = await fetch(url)
    const body = await response.text()
    const { pathname } = new URL(url)
    answers.push([pathname, response.status, [...response.headers.keys()].join(), body].join(' '))
    child.send(body)
  }
  child.on('message', (message: { readonly url: string } | Said) => {
    if ('url' in message) void call(message.url)
    else ({ problems } = message)
  })
  const printing = child.stderr ? text(child.stderr) : ''
  const [code] = (await once(child, 'exit')) as [number | null]
  const spans = endpoint.arrivals.flatMap(({ path, body }) => {
    if (path === '/v1/traces') return spansOfOtlp(body)
    return path === '/v0.4/traces' ? spansOfDatadog(body) : []
  })
  const traces = new Traces(spans)
  const peers = endpoint.arrivals.filter(({ path }) => path.startsWith('/peer'))
  const carried = Object.fromEntries(
    peers.map(({ path, headers }) => [path, traces.carriedIn(String(headers['traceparent']))]),
  )
  const envelopes = endpoint.arrivals.filter(({ path }) => path.includes('/envelope'))
  const items = envelopes.flatMap(({ body }) => itemsIn(body.toString()))
  return { traces, code, printed: await printing, answers, carried, problems, items }
}

const KINDS = ['', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER']

function spansOfOtlp(body: Buffer): Recorded[] {
  const scopes = decodeRequest(body).resourceSpans.flatMap(({ scopeSpans }) => scopeSpans)
  return scopes.flatMap(({ scope, spans }) =>
    spans.map(({ spanId, parentSpanId, traceId, name, kind }) => ({
      id: spanId,
      parentId: parentSpanId,
      traceId,
      kind: KINDS[Number(kind)] ?? '',
      name,
      maker: scope.name.replace('@opentelemetry/', ''),
    })),
  )
}

interface DatadogSpan {
  readonly trace_id: bigint
  readonly span_id: bigint
  readonly parent_id: bigint
  readonly name: string
  readonly resource: string
  readonly meta: Readonly<Record<string, string>>
}

/** An array of traces in MessagePack. */
function spansOfDatadog(body: Buffer): Recorded[] {
  const traces = decode(body, { useBigInt64: true }) as readonly (readonly DatadogSpan[])[]
  const hex = (id: bigint): string => (id === 0n ? '' : id.toString(16).padStart(16, '0'))
  return traces.flat().map(({ trace_id, span_id, parent_id, name, resource, meta }) => ({
    id: hex(span_id),
    parentId: hex(parent_id),
    traceId: hex(trace_id),
    kind: meta['span.kind']?.toUpperCase() ?? 'INTERNAL',
    name: name === resource ? name : `${name} ${resource}`,
    maker: 'dd-trace',
  }))
}
