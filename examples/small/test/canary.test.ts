import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { inspect } from 'node:util'

import {
  credentials,
  makeClientConstructor,
  Metadata,
  Server as GrpcServer,
  ServerCredentials,
  type sendUnaryData,
  type ServerUnaryCall,
} from '@grpc/grpc-js'
import { diag, DiagLogLevel } from '@opentelemetry/api'
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals'
import { withSpan } from '@spanwright/core'
import { tracing } from '@spanwright/express'
import { traceGrpcClient, traceGrpcServer } from '@spanwright/grpc'
import { traceKafka } from '@spanwright/kafkajs'
import { tracePool } from '@spanwright/pg'
import { startTracing, type Tracing } from '@spanwright/sdk'
import { type KafkaService, type PostgresService, startKafka, startPostgres } from '@spanwright/services'
import { traceFetch } from '@spanwright/undici'
import express from 'express'
import { Kafka, logLevel, type Producer } from 'kafkajs'
import { Pool } from 'pg'

/** Planted wherever an application has values; it must appear nowhere. */
const CANARY = 'zqcanary4111'

const exported: unknown[] = []
const said: string[] = []
const received: string[] = []
/** Every byte that left over OTLP, spans and metrics. */
const sentBytes: Record<string, string> = {}
let spans: Tracing
let collector: Server
let postgres: PostgresService
let kafkaService: KafkaService
let pool: Pool
let producer: Producer
let inner: Server
let outer: Server
const ends: (() => unknown)[] = []

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  ends.push(() => server.close())
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

beforeAll(async () => {
  const keep = (...parts: unknown[]): void => void said.push(inspect(parts, { depth: 9 }))
  diag.setLogger(
    { error: keep, warn: keep, info: keep, debug: keep, verbose: keep },
    { logLevel: DiagLogLevel.ALL, suppressOverrideMessage: true },
  )
  for (const method of ['log', 'warn', 'error'] as const) jest.spyOn(console, method).mockImplementation(keep)
  collector = createServer(async (request, response) => {
    const { url = '' } = request
    sentBytes[url] = (sentBytes[url] ?? '') + (await buffer(request)).toString('latin1')
    response.end()
  })
  const endpoint = `http://${await listen(collector)}`
  // What the process was started with is part of the resource once it is asked for.
  process.argv.push(`--password=${CANARY}`)
  spans = startTracing({
    serviceName: 'canary',
    flushOnExit: false,
    detectors: ['process'],
    redact: ['process.command*'],
    metrics: { url: `${endpoint}/v1/metrics` },
    exporter: [
      { url: `${endpoint}/v1/traces` },
      {
        export: (batch, done) => {
          for (const { name, kind, status, attributes, events, links, resource } of batch) {
            exported.push({ name, kind, status, attributes, events, links, resource: resource.attributes })
          }
          done({ code: 0 })
        },
        shutdown: async () => {},
      },
    ],
  })
  ;[postgres, kafkaService] = await Promise.all([startPostgres({ database: 'shop' }), startKafka()])
  pool = tracePool(new Pool({ ...connection(), max: 1 }), { comment: true })
  // A connection that is closing when the server stops.
  pool.on('error', () => {})
  await pool.query('CREATE TABLE users (id int PRIMARY KEY, name text UNIQUE CHECK (length(name) > 2))')
  const kafka = traceKafka(
    new Kafka({ clientId: 'canary', brokers: kafkaService.brokers, logLevel: logLevel.NOTHING }),
    { messageSpans: true, commitSpans: true },
  )
  producer = kafka.producer({ retry: { retries: 1 } })
  await producer.connect()
  const consumer = kafka.consumer({
    groupId: 'canary',
    retry: { retries: 0, restartOnFailure: async () => false },
  })
  await producer.send({
    topic: 'canary',
    messages: [{ key: CANARY, value: CANARY, headers: { id: CANARY } }],
  })
  await consumer.connect()
  await consumer.subscribe({ topic: 'canary', fromBeginning: true })
  const crashed = new Promise(resolve => void consumer.on(consumer.events.CRASH, resolve))
  await consumer.run({ eachMessage: async ({ message }) => void JSON.parse(String(message.value)) })
  await crashed
  await consumer.disconnect()
}, 120_000)

afterAll(async () => {
  jest.restoreAllMocks()
  diag.disable()
  process.argv.pop()
  for (const end of ends) await end()
  await producer?.disconnect()
  await pool?.end()
  await spans?.shutdown()
  await Promise.all([postgres?.stop(), kafkaService?.stop()])
})

function connection(): object {
  const { host, port, user, password, database } = postgres
  return { host, port, user, password, database }
}

const asText = {
  requestSerialize: (value: string): Buffer => Buffer.from(value),
  requestDeserialize: (bytes: Buffer): string => bytes.toString(),
  responseSerialize: (value: string): Buffer => Buffer.from(value),
  responseDeserialize: (bytes: Buffer): string => bytes.toString(),
}
const SERVICE = {
  ask: { path: '/canary.Service/Ask', requestStream: false, responseStream: false, ...asText },
}

/** Serves gRPC, and returns a call of it that fails with a status full of values. */
async function serveGrpc(): Promise<() => Promise<unknown>> {
  const server = new GrpcServer(traceGrpcServer({ messageEvents: true, messageSizes: true }))
  server.addService(SERVICE, {
    ask({ request }: ServerUnaryCall<string, string>, callback: sendUnaryData<string>) {
      const trailers = new Metadata()
      trailers.set('id', request)
      callback({ code: 13, details: request, metadata: trailers })
    },
  })
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  ends.push(() => server.forceShutdown())
  const Client = makeClientConstructor(SERVICE, 'canary.Service')
  const client = new Client(
    `127.0.0.1:${port}`,
    credentials.createInsecure(),
    traceGrpcClient({ captureMetadata: { request: ['authorization'] } }),
  )
  ends.push(() => client.close())
  const metadata = new Metadata()
  metadata.set('authorization', CANARY)
  metadata.set('id', CANARY)
  return () =>
    new Promise((resolve, reject) => {
      client['ask']?.(CANARY, metadata, (error: Error | null, answer: unknown) =>
        error ? reject(error) : resolve(answer),
      )
    })
}

let askGrpc: () => Promise<unknown>

/** Of SQLSTATE; 00 is success. */
const ERROR_CLASSES =
  '01 02 03 08 09 0A 0B 0F 0L 0P 0Z 10 20 21 22 23 24 25 26 27 28 2B 2D 2F 34 38 39 3B 3D 3F 40 42 44 53 54 55 57 58 72 F0 HV P0 XX'

const FAILING = [
  ...ERROR_CLASSES.split(' ').map(
    errorClass =>
      `DO $$ BEGIN RAISE EXCEPTION '${CANARY}' USING ERRCODE = '${errorClass}000', DETAIL = '${CANARY}', HINT = '${CANARY}'; END $$`,
  ),
  `SELECT '${CANARY}'::int`,
  `INSERT INTO users VALUES (1, '${CANARY}'), (2, '${CANARY}')`,
  `INSERT INTO users VALUES (NULL, '${CANARY}')`,
  `SELECT missing FROM users WHERE name = '${CANARY}'`,
  `SELECT '${CANARY}`,
  `DO $$ BEGIN RAISE EXCEPTION '${CANARY}'; END $$`,
  `DO $$ BEGIN RAISE EXCEPTION '${CANARY}' USING ERRCODE = 'ZZ999'; END $$`,
  `SELECT to_date('${CANARY}', 'YYYY')`,
  `SELECT '{"a":${CANARY}'::json`,
  `SET app.jwt = ${CANARY}.${CANARY}`,
  `SET TIME ZONE "${CANARY}"`,
  String.raw`SELECT '\', '${CANARY}'::int`,
]

/** Work of the application, by the path of its route. */
const WORK: Readonly<Record<string, (fetch: typeof globalThis.fetch, target: string) => Promise<unknown>>> = {
  ...Object.fromEntries(FAILING.map((text, index) => [`sql-${index}`, () => pool.query(text)])),
  parameter: () => pool.query('SELECT $1::int', [CANARY]),
  unused: () => pool.query(`SELECT '${CANARY}'`, [CANARY]),
  wrapped: () =>
    pool.query(`SELECT '${CANARY}'::int`).catch((cause: unknown) => {
      throw new Error(CANARY, { cause })
    }),
  'type-parser': () => {
    const getTypeParser = () => (value: string) => {
      throw new RangeError(value)
    }
    return pool.query({ text: `SELECT '${CANARY}'`, types: { getTypeParser } })
  },
  value: () => producer.send({ topic: 'canary', messages: [{ value: { [CANARY]: CANARY } as never }] }),
  timestamp: () => producer.send({ topic: 'canary', messages: [{ value: 'x', timestamp: CANARY }] }),
  'no-value': () => producer.send({ topic: 'canary', messages: [{ key: CANARY } as never] }),
  grpc: () => askGrpc(),
  'grpc-wrapped': () =>
    askGrpc().catch((cause: unknown) => {
      throw new Error(CANARY, { cause })
    }),
  json: async () => JSON.parse(CANARY) as unknown,
  bigint: async () => BigInt(CANARY),
  key: async () => (undefined as never)[CANARY],
  header: fetch => fetch('http://127.0.0.1', { headers: { a: `${CANARY}\n` } }),
  url: fetch => fetch(`//${CANARY}`),
  inner: (fetch, target) =>
    fetch(`http://${CANARY}:${CANARY}@${target}/?password=${CANARY}`).catch(() =>
      fetch(`http://${target}/?password=${CANARY}&access_token=${CANARY}`, {
        method: 'POST',
        headers: { authorization: CANARY, cookie: `id=${CANARY}` },
        body: CANARY,
      }),
    ),
}

it('a value planted in all that an application handles is exported, printed and sent nowhere', async () => {
  inner = createServer(({ headers }, response) => {
    const { traceparent, tracestate, baggage } = headers
    received.push(inspect({ traceparent, tracestate, baggage }))
    response.writeHead(404, { 'set-cookie': CANARY }).end(CANARY)
  })
  const target = await listen(inner)
  askGrpc = await serveGrpc()
  const fetch = traceFetch(globalThis.fetch)
  const app = express().set('env', 'test').use(tracing()).use(express.json())
  for (const [name, work] of Object.entries(WORK)) {
    app.post(`/${name}`, async (_req, res) => {
      await withSpan('work', () => work(fetch, target))
      res.send(CANARY)
    })
  }
  app.post('/body', (req, _res, next) => next(req.body))
  app.use(((error, _req, res, _next) => {
    res.status(error instanceof Error ? 500 : 201).send(CANARY)
  }) as express.ErrorRequestHandler)
  outer = createServer(app)
  const origin = await listen(outer)
  for (const name of [...Object.keys(WORK), 'body']) {
    const response = await globalThis.fetch(`http://${origin}/${name}?token=${CANARY}&password=${CANARY}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: CANARY, cookie: CANARY, 'x-id': CANARY },
      body: JSON.stringify({ name: CANARY, message: CANARY }),
    })
    await response.text()
  }
  const sent = await pool.query<{ text: string }>('SELECT current_query() AS text')
  await spans.forceFlush()

  const told = exported.map(span => inspect(span, { depth: 9, maxStringLength: null }))
  expect(told.length).toBeGreaterThan(3 * Object.keys(WORK).length - 10)
  expect(told.filter(text => text.includes('exception.stacktrace')).length).toBeGreaterThan(40)
  expect(sent.rows[0]?.text).toContain('traceparent')
  expect(received.length).toBeGreaterThan(0)
  expect(sentBytes['/v1/traces']).toContain('exception.stacktrace')
  expect(sentBytes['/v1/traces']).toContain('process.command_args')
  expect(sentBytes['/v1/metrics']).toContain('http.server.request.duration')
  expect(sentBytes['/v1/metrics']).toContain('rpc.server.call.duration')
  const all = [
    ...told,
    ...Object.values(sentBytes),
    ...said,
    ...received,
    sent.rows[0]?.text,
    inspect(spans.report(), { depth: 9 }),
  ]
  expect(all.filter(text => text?.includes(CANARY))).toEqual([])
}, 120_000)
