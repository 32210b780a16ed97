import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

import { Client, credentials, Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js'
import Router from '@koa/router'
import { tracing as expressTracing } from '@spanwright/express'
import { traceGrpcClient, traceGrpcServer } from '@spanwright/grpc'
import { traceHttp, traceServer } from '@spanwright/http'
import { traceKafka } from '@spanwright/kafkajs'
import { tracing as koaTracing } from '@spanwright/koa'
import { tracePool } from '@spanwright/pg'
import { traceFetch, tracing as undiciTracing } from '@spanwright/undici'
import express from 'express'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import Koa from 'koa'
import { Pool } from 'pg'
import { Agent, request } from 'undici'

/** What the application is started with; all of it is in the process of the test. */
interface Surroundings {
  /** Records the headers it receives. */
  readonly peer: string
  readonly database: string
  readonly broker: string
  readonly topic: string
  /** False leaves out all Spanwright plugins. */
  readonly isTraced: boolean
  /** Is called within a request. */
  inRequest(): unknown
}

export type Ask = (url: string) => Promise<string>

/** Runs an application of every library that Spanwright has a plugin for, and calls it from outside. */
export async function runApplication(surroundings: Surroundings, ask: Ask): Promise<void> {
  const { isTraced } = surroundings
  await using calls = await makeCalls(surroundings)
  const app = express()
  if (isTraced) app.use(expressTracing())
  app.get('/items/:id', async (req, res) => {
    surroundings.inRequest()
    res.json(await calls.run(req.params.id))
  })
  const koa = new Koa()
  if (isTraced) koa.use(koaTracing())
  const router = new Router()
  router.get('/carts/:id', ctx => void (ctx.body = { cart: ctx.params['id'] }))
  koa.use(router.routes())
  const plain = createServer((req, res) => res.end(JSON.stringify({ path: req.url })))
  if (isTraced) traceServer(plain)
  const servers = [createServer(app), createServer(koa.callback()), plain]
  const paths = ['/items/7', '/carts/8', '/plain']
  for (const [index, server] of servers.entries()) {
    await ask(`${await listen(server)}${paths[index]}`)
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
}

interface Calls extends AsyncDisposable {
  run(id: string): Promise<Record<string, unknown>>
}

async function makeCalls({ peer, database, broker, topic, isTraced }: Surroundings): Promise<Calls> {
  const bare = new Pool({ connectionString: database, max: 1 })
  const pool = isTraced ? tracePool(bare) : bare
  await pool.query('SELECT 0')
  const fetch = isTraced ? traceFetch(globalThis.fetch) : globalThis.fetch
  const agent = new Agent()
  const dispatcher = isTraced ? agent.compose(undiciTracing()) : agent
  const http = isTraced ? traceHttp() : undefined
  const kafka = await makeKafka(broker, topic, isTraced)
  const grpc = await makeGrpc(isTraced)
  return {
    async run(id) {
      const { rows } = await pool.query('SELECT $1::int AS id', [id])
      const fetched = await (await fetch(`${peer}/fetch`)).text()
      const requested = await (await request(`${peer}/undici`, { dispatcher })).body.text()
      const [response] = (await once(get(`${peer}/http`), 'response')) as [IncomingMessage]
      const got = await text(response)
      return { rows, fetched, requested, got, message: await kafka.send(id), reply: await grpc.call(id) }
    },
    async [Symbol.asyncDispose]() {
      http?.stop()
      await Promise.all([bare.end(), agent.close(), kafka.stop(), grpc.stop()])
    },
  }
}

async function makeKafka(broker: string, topic: string, isTraced: boolean) {
  const bare = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING })
  const kafka = isTraced ? traceKafka(bare) : bare
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  const consumer = kafka.consumer({ groupId: topic })
  await producer.connect()
  await producer.send({ topic, messages: [{ value: 'first' }] })
  const received = new EventTarget()
  let latest: string | undefined
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const isReady = once(received, 'message')
  await consumer.run({
    eachMessage: async ({ message }) => {
      latest = message.value?.toString()
      received.dispatchEvent(new Event('message'))
    },
  })
  await isReady
  return {
    async send(value: string) {
      const arrival = once(received, 'message')
      await producer.send({ topic, messages: [{ value }] })
      await arrival
      return latest
    },
    async stop() {
      await producer.disconnect()
      await consumer.disconnect()
    },
  }
}

const plainText = {
  requestSerialize: (value: string): Buffer => Buffer.from(value),
  requestDeserialize: (bytes: Buffer): string => bytes.toString(),
  responseSerialize: (value: string): Buffer => Buffer.from(value),
  responseDeserialize: (bytes: Buffer): string => bytes.toString(),
}

async function makeGrpc(isTraced: boolean) {
  const server = new GrpcServer(isTraced ? traceGrpcServer() : {})
  const path = '/shop.Cart/Add'
  server.addService(
    { add: { path, requestStream: false, responseStream: false, ...plainText } },
    {
      add: (call: { request: string }, callback: (error: null, reply: string) => void) =>
        callback(null, call.request),
    },
  )
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  const client = new Client(
    `127.0.0.1:${port}`,
    credentials.createInsecure(),
    isTraced ? traceGrpcClient() : {},
  )
  const { requestSerialize, responseDeserialize } = plainText
  return {
    call: (value: string) =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(path, requestSerialize, responseDeserialize, value, (error, reply) =>
          error ? reject(error) : resolve(reply),
        )
      }),
    async stop() {
      client.close()
      await new Promise(resolve => server.tryShutdown(resolve))
    },
  }
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
