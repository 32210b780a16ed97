// Sends a million messages through a traced producer and consumer and shows that the heap stays as it is. Run it with
//   node --expose-gc --import tsx --conditions=@spanwright/source packages/kafkajs/test/million-messages-program.ts [messages]
// The broker runs in a separate process, because it keeps its messages in memory.

import { fork } from 'node:child_process'
import { once } from 'node:events'

import { context } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base'
import { traceKafka } from '@spanwright/kafkajs'
import { startKafka } from '@spanwright/services'
import { Kafka, logLevel, Partitioners } from 'kafkajs'

const TOTAL = Number(process.argv[2] ?? 1_000_000)
const BATCH = 500
const READINGS = 10
/** Growth of the heap from the first reading to the last that is taken for noise, in bytes. */
const NOISE = 8 * 2 ** 20
const TOPIC = 'million'

async function runBroker(): Promise<void> {
  const service = await startKafka()
  process.once('disconnect', () => void service.stop())
  process.send?.(service.brokers)
}

async function main(): Promise<void> {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const broker = fork(__filename, ['broker'], { execArgv: process.execArgv })
  const [brokers] = (await once(broker, 'message')) as [string[]]
  let ended = 0
  const tracerProvider = new BasicTracerProvider({
    spanProcessors: [
      { onStart() {}, onEnd: () => void ended++, forceFlush: async () => {}, shutdown: async () => {} },
    ],
  })
  const kafka = traceKafka(new Kafka({ brokers, logLevel: logLevel.NOTHING }), {
    tracerProvider,
    meterProvider: new MeterProvider(),
    propagator: new W3CTraceContextPropagator(),
  })
  const heap = await pass(kafka)
  broker.disconnect()

  const growth = (heap.at(-1) ?? 0) - (heap[0] ?? 0)
  console.log(`${ended} spans ended; heap grew by ${(growth / 2 ** 20).toFixed(1)} MiB`)
  process.exitCode = growth > NOISE || ended < TOTAL ? 1 : 0
}

/** Passes all messages through, and reads the heap now and then. */
async function pass(kafka: Kafka): Promise<number[]> {
  const heap: number[] = []
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  const consumer = kafka.consumer({ groupId: TOPIC, maxWaitTimeInMs: 50 })
  await producer.connect()
  await producer.send({ topic: TOPIC, messages: [{ value: 'first' }] })
  await consumer.connect()
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true })
  let seen = 0
  const done = new Promise<void>((resolve, reject) => {
    const eachMessage = async (): Promise<void> => {
      if (++seen % (TOTAL / READINGS) === 0) heap.push(readHeap(seen))
      if (seen === TOTAL) resolve()
    }
    consumer.run({ eachMessage }).catch(reject)
  })
  const messages = Array.from({ length: BATCH }, (_, i) => ({ key: `key-${i}`, value: `value-${i}` }))
  for (let sent = 1; sent < TOTAL; sent += BATCH) await producer.send({ topic: TOPIC, messages })
  await done
  await consumer.disconnect()
  await producer.disconnect()
  return heap
}

function readHeap(seen: number): number {
  globalThis.gc?.()
  const { heapUsed } = process.memoryUsage()
  console.log(`${seen} messages: ${(heapUsed / 2 ** 20).toFixed(1)} MiB`)
  return heapUsed
}

void (process.argv[2] === 'broker' ? runBroker() : main())
