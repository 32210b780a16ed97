import { Kafka, logLevel, type Message } from 'kafkajs'

import { isByHand } from '../by-hand/is-by-hand.ts'
import { clusterIdOf } from '../by-hand/cluster.ts'
import { sendByHand } from '../by-hand/kafkajs-send.ts'
import { Callers, type OpenScenario } from '../scenario.ts'

// Two, so that there is something to do while the broker answers.
const CONCURRENCY = 2
const TOPIC = 'sent'
const KEYS = Array.from({ length: 100 }, (_, index) => `order-${index}`)
const VALUE = JSON.stringify({ id: 42, name: 'Ada', items: ['tea', 'milk'], total: 12.5 })

/** `producer.send` of kafkajs: 100 messages of 60 bytes at a time. */
export const open: OpenScenario = async ({ variant, service }) => {
  const kafka = new Kafka({ clientId: 'bench', brokers: [service], logLevel: logLevel.NOTHING })
  if (variant === 'spanwright') (await import('@spanwright/kafkajs')).traceKafka(kafka)
  const producer = kafka.producer()
  await producer.connect()
  const send = isByHand(variant)
    ? sendByHand(producer, service, await clusterIdOf(kafka))
    : (topic: string, messages: Message[]) => producer.send({ topic, messages })
  const sendBatch = (): Promise<unknown> =>
    send(
      TOPIC,
      KEYS.map(key => ({ key, value: VALUE })),
    )
  return new Callers(CONCURRENCY, sendBatch, () => producer.disconnect())
}
