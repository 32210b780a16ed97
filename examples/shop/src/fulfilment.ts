import { Agent } from 'node:http'

import { create } from 'axios'
import { Kafka, logLevel } from 'kafkajs'
import { Pool } from 'pg'

import { traceAgent } from '@spanwright/http'
import { traceKafka } from '@spanwright/kafkajs'
import { tracePool } from '@spanwright/pg'
import { startTracing } from '@spanwright/sdk'

import { onShutdown, reportLostConnection, setting } from './life.ts'

const telemetry = startTracing({ serviceName: 'fulfilment' })

const pool = tracePool(new Pool({ connectionString: setting('DATABASE_URL') }))
pool.on('error', reportLostConnection)
const inventory = create({
  baseURL: setting('INVENTORY_URL'),
  httpAgent: traceAgent(new Agent({ keepAlive: true })),
})
const kafka = traceKafka(
  new Kafka({
    clientId: 'fulfilment',
    brokers: setting('KAFKA_BROKERS').split(','),
    logLevel: logLevel.ERROR,
  }),
)
const consumer = kafka.consumer({ groupId: 'fulfilment' })

async function main(): Promise<void> {
  await consumer.connect()
  await consumer.subscribe({ topic: 'orders.placed', fromBeginning: true })
  consumer.on(consumer.events.GROUP_JOIN, () => console.log('fulfilment consumes orders.placed'))
  await consumer.run({
    eachMessage: async ({ message }) => {
      const { id } = JSON.parse(String(message.value)) as { id: string }
      await inventory.post('/shipments', { id })
      await pool.query("UPDATE orders SET status = 'shipped' WHERE id = $1", [id])
    },
  })
  onShutdown(
    () => consumer.disconnect(),
    () => pool.end(),
    () => telemetry.shutdown(),
  )
}

void main()
