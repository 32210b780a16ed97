import { once } from 'node:events'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Writable } from 'node:stream'

import { describe, expect, it } from '@jest/globals'
import { recordTests } from '@spanwright/test-kit/recorder'
import { SpanKind, trace } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { traceFields, traceMeta, withSpan } from '@spanwright/core'
import { tracing as traceExpress } from '@spanwright/express'
import { traceListener } from '@spanwright/http'
import { traceKafka } from '@spanwright/kafkajs'
import { tracing as traceKoa } from '@spanwright/koa'
import { tracePool } from '@spanwright/pg'
import { startKafka, startPostgres } from '@spanwright/services'
import { traceUndici } from '@spanwright/undici'
import express from 'express'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import Koa from 'koa'
import { Pool } from 'pg'
import pino from 'pino'
import { request } from 'undici'
import winston from 'winston'
import Transport from 'winston-transport'

type LogRecord = Readonly<Record<string, unknown>>
type Log = (message: string) => void

const recorder = recordTests()

function pinoLog(records: LogRecord[]): Log {
  const sink = { write: (line: string) => void records.push(JSON.parse(line) as LogRecord) }
  const log = pino({ mixin: traceFields, messageKey: 'message' }, sink)
  return message => log.info(message)
}

function winstonLog(records: LogRecord[]): Log {
  const stream = new Writable({
    write(line, _encoding, done) {
      records.push(JSON.parse(String(line)) as LogRecord)
      done()
    },
  })
  const log = winston.createLogger({
    defaultMeta: traceMeta({ service: 'shop' }),
    transports: [new winston.transports.Stream({ stream })],
  })
  return message => void log.info(message)
}

const LOGGERS = [
  ['pino', pinoLog],
  ['winston', winstonLog],
] as const

/** Asserts that records have these messages, and the fields of a span. */
function expectRecords(records: readonly LogRecord[], span: ReadableSpan, ...messages: string[]): void {
  const { traceId, spanId } = span.spanContext()
  const fields = { trace_id: traceId, span_id: spanId, trace_flags: '01' }
  expect(records).toEqual(messages.map(message => expect.objectContaining({ message, ...fields }) as unknown))
}

/** Logs while a request is handled: at once, after an await, in a callback and in a listener. */
function answering(log: Log): (res: ServerResponse) => Promise<void> {
  return async res => {
    res.on('close', () => log('in a listener'))
    log('at once')
    await Promise.resolve()
    log('after an await')
    await new Promise<void>(resolve => {
      setImmediate(() => {
        log('in a callback')
        resolve()
      })
    })
  }
}

function koaListener(answer: ReturnType<typeof answering>): RequestListener {
  const app = new Koa().use(traceKoa())
  app.use(async ctx => {
    await answer(ctx.res)
    ctx.body = 'done'
  })
  const callback = app.callback()
  return (req, res) => void callback(req, res)
}

const SERVERS: readonly (readonly [string, (answer: ReturnType<typeof answering>) => RequestListener])[] = [
  ['Express', answer => express().use(traceExpress(), (_req, res) => void answer(res).then(() => res.end()))],
  ['Koa', koaListener],
  ['node:http', answer => traceListener((_req, res) => void answer(res).then(() => res.end()))],
]

describe.each(LOGGERS)('records of %s', (_name, logInto) => {
  it.each(SERVERS)('carry the span of a request to %s', async (_server, listenerFor) => {
    const records: LogRecord[] = []
    const server = createServer(listenerFor(answering(logInto(records))))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    try {
      const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
      expect(answer.status).toBe(200)
      await answer.text()
      const span = await recorder.waitFor({ kind: SpanKind.SERVER })
      expectRecords(records, span, 'at once', 'after an await', 'in a callback', 'in a listener')
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  it('carry the span around a request of undici, and a query of pg with a callback or a promise', async () => {
    const records: LogRecord[] = []
    const log = logInto(records)
    const postgres = await startPostgres({ database: 'shop' })
    const { host, port, user, password, database } = postgres
    const pool = tracePool(new Pool({ host, port, user, password, database }))
    // The server closes the connections that the pool has not closed yet.
    pool.on('error', () => {})
    const undici = traceUndici()
    const server = createServer((_req, res) => void res.end('done'))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    try {
      await withSpan('work', async () => {
        const { body } = await request(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
        log('after a request')
        body.on('end', () => log('at the end of its body'))
        await body.text()
        await pool.query('SELECT 1')
        log('after a query')
        await new Promise<void>((resolve, reject) => {
          pool.query('SELECT 2', (error: Error | undefined) => {
            log('in the callback of a query')
            if (error) reject(error)
            else resolve()
          })
        })
      })
      expectRecords(
        records,
        await recorder.waitFor({ name: 'work' }),
        'after a request',
        'at the end of its body',
        'after a query',
        'in the callback of a query',
      )
      expect(recorder.spans().filter(({ kind }) => kind === SpanKind.CLIENT)).toHaveLength(3)
    } finally {
      undici.stop()
      server.closeAllConnections()
      server.close()
      await pool.end()
      await postgres.stop()
    }
  }, 120_000)

  it('carry the span of a Kafka message', async () => {
    const records: LogRecord[] = []
    const log = logInto(records)
    const broker = await startKafka()
    const kafka = traceKafka(new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING }))
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
    const consumer = kafka.consumer({ groupId: 'logs', maxWaitTimeInMs: 50 })
    try {
      await Promise.all([producer.connect(), consumer.connect()])
      await producer.send({ topic: 'orders', messages: [{ value: 'one' }] })
      await consumer.subscribe({ topic: 'orders', fromBeginning: true })
      await new Promise<void>((resolve, reject) => {
        const eachMessage = async (): Promise<void> => {
          log('at once')
          await Promise.resolve()
          log('after an await')
          resolve()
        }
        consumer.run({ eachMessage }).catch(reject)
      })
      const span = await recorder.waitFor({ name: 'process orders' })
      expectRecords(records, span, 'at once', 'after an await')
    } finally {
      await Promise.allSettled([producer.disconnect(), consumer.disconnect()])
      await broker.stop()
    }
  }, 120_000)
})

it('a record of winston carries its own trace while a transport is busy', async () => {
  const records: LogRecord[] = []
  const waiting: (() => void)[] = []
  class Busy extends Transport {
    override log(record: LogRecord, done: () => void): void {
      records.push(record)
      waiting.push(done)
    }
  }
  const log = winston.createLogger({ defaultMeta: traceMeta(), transports: [new Busy()] })
  const written = Array.from({ length: 100 }, (_, index) =>
    withSpan('work', span => {
      log.info({ message: String(index), active: trace.getActiveSpan()?.spanContext().spanId })
      return span.spanContext().spanId
    }),
  )
  expect(records.length).toBeLessThan(written.length)
  for (let turns = 0; turns < 1000 && records.length < written.length; turns += 1) {
    waiting.shift()?.()
    await new Promise(setImmediate)
  }
  expect(records.map(({ span_id }) => span_id)).toEqual(written)
})
