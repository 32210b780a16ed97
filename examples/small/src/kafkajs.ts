import { Kafka, logLevel, Partitioners } from 'kafkajs'

import { withSpan } from '@spanwright/core'
import { traceKafka } from '@spanwright/kafkajs'
import { startTracing } from '@spanwright/sdk'
import { startKafka } from '@spanwright/services'

async function main(): Promise<void> {
  const telemetry = startTracing({ serviceName: 'warehouse', exporter: 'console' })
  const service = await startKafka()
  const kafka = traceKafka(new Kafka({ brokers: service.brokers, logLevel: logLevel.NOTHING }))

  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  await withSpan('take an order', async () => {
    await producer.send({ topic: 'orders', messages: [{ value: 'tea' }, { value: 'an elephant' }] })
  })
  // Who sends is a program of its own as a rule, whose spans are printed by themselves.
  await telemetry.forceFlush()

  const consumer = kafka.consumer({ groupId: 'warehouse', maxWaitTimeInMs: 50 })
  await consumer.connect()
  await consumer.subscribe({ topic: 'orders', fromBeginning: true })
  await new Promise<void>((resolve, reject) => {
    const eachBatch = consumer.run({
      eachBatch: async ({ batch, traceEach }) => {
        for (const message of batch.messages) {
          const packing = traceEach(message, () => pack(String(message.value)))
          console.log(await packing.catch(({ message: reason }: Error) => reason))
        }
        resolve()
      },
    })
    eachBatch.catch(reject)
  })
  await Promise.all([consumer.disconnect(), producer.disconnect()])
  await service.stop()
  await telemetry.shutdown()
}

async function pack(item: string): Promise<string> {
  return withSpan('pack', async () => {
    if (item === 'an elephant') throw new RangeError('there is no box for an elephant')
    return `packed ${item}`
  })
}

void main()
