import { credentials } from '@grpc/grpc-js'
import express, { type ErrorRequestHandler } from 'express'
import { Kafka, logLevel } from 'kafkajs'
import { Pool } from 'pg'

import { tracing } from '@spanwright/express'
import { traceGrpcClient } from '@spanwright/grpc'
import { traceKafka } from '@spanwright/kafkajs'
import { tracePool } from '@spanwright/pg'
import { startTracing } from '@spanwright/sdk'
import { traceFetch } from '@spanwright/undici'

import { announce, closeServer, onShutdown, reportLostConnection, setting } from './life.ts'
import { PricingClient, type Quote } from './pricing-service.ts'

const telemetry = startTracing({ serviceName: 'gateway' })

const fetch = traceFetch(globalThis.fetch)
const pool = tracePool(new Pool({ connectionString: setting('DATABASE_URL') }))
pool.on('error', reportLostConnection)
const kafka = traceKafka(
  new Kafka({ clientId: 'gateway', brokers: setting('KAFKA_BROKERS').split(','), logLevel: logLevel.ERROR }),
)
const producer = kafka.producer()
const inventory = setting('INVENTORY_URL')
const pricing = new PricingClient(setting('PRICING_ADDRESS'), credentials.createInsecure(), traceGrpcClient())

function quote(sku: string, quantity: number): Promise<Quote> {
  return new Promise((resolve, reject) => {
    pricing['quote']?.({ sku, quantity }, (error: Error | null, answer: Quote) => {
      if (error) reject(error)
      else resolve(answer)
    })
  })
}

const app = express()
app.use(tracing({ ignore: ({ url }) => url === '/health' }))
app.use(express.json())

app.get('/health', (_request, response) => {
  response.send('ok')
})

app.post('/orders', async (request, response) => {
  const { sku, quantity } = request.body as { sku: string; quantity: number }
  const reservation = await fetch(`${inventory}/reservations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ sku, quantity }),
  })
  if (!reservation.ok) {
    response.status(reservation.status).json(await reservation.json())
    return
  }
  await reservation.json()
  const { cents } = await quote(sku, quantity)
  const { rows } = await pool.query<{ id: string }>(
    'INSERT INTO orders (sku, quantity) VALUES ($1, $2) RETURNING id',
    [sku, quantity],
  )
  const id = rows[0]?.id ?? ''
  await producer.send({ topic: 'orders.placed', messages: [{ key: id, value: JSON.stringify({ id }) }] })
  response.status(201).json({ id, cents })
})

app.get('/orders/:id', async (request, response) => {
  const { rows } = await pool.query('SELECT id, sku, quantity, status FROM orders WHERE id = $1', [
    request.params.id,
  ])
  if (rows[0]) response.json(rows[0])
  else response.status(404).json({ error: 'no such order' })
})

const answerFailure: ErrorRequestHandler = (_error, _request, response, _next) => {
  response.status(500).json({ error: 'the order could not be taken' })
}
app.use(answerFailure)

async function main(): Promise<void> {
  await producer.connect()
  const server = app.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1')
  announce('gateway', server)
  onShutdown(
    () => closeServer(server),
    () => producer.disconnect(),
    () => pool.end(),
    async () => pricing.close(),
    () => telemetry.shutdown(),
  )
}

void main()
