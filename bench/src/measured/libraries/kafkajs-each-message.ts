import { type EachMessageHandler, Kafka, logLevel } from 'kafkajs'

import { isByHand } from '../by-hand/is-by-hand.ts'
import { clusterIdOf } from '../by-hand/cluster.ts'
import { handlerByHand } from '../by-hand/kafkajs-each-message.ts'
import { PREPARED_MESSAGES, PREPARED_TOPIC } from '../prepared-topic.ts'
import type { Activity, OpenScenario } from '../scenario.ts'

/** `eachMessage` of kafkajs: reads the messages of a topic over and over. */
export const open: OpenScenario = async ({ variant, service }) => {
  const kafka = new Kafka({ clientId: 'bench', brokers: [service], logLevel: logLevel.NOTHING })
  if (variant === 'spanwright') (await import('@spanwright/kafkajs')).traceKafka(kafka)
  const groupId = `bench-${process.pid}`
  // A handler that waits for its turn sends no heartbeats.
  const consumer = kafka.consumer({ groupId, sessionTimeout: 600_000 })
  await consumer.connect()
  await consumer.subscribe({ topic: PREPARED_TOPIC, fromBeginning: true })
  const last = String(PREPARED_MESSAGES - 1)
  const turns = new Turns(() => consumer.disconnect())
  const handler: EachMessageHandler = async ({ partition, message }) => {
    if (message.offset === last) consumer.seek({ topic: PREPARED_TOPIC, partition, offset: '0' })
    if (turns.waiting) await turns.waiting
    turns.count++
  }
  const eachMessage = isByHand(variant)
    ? handlerByHand(handler, groupId, service, await clusterIdOf(kafka))
    : handler
  await consumer.run({ eachMessage })
  return turns
}

/** Lets messages through while it is measured. */
class Turns implements Activity {
  count = 0
  waiting: Promise<void> | undefined
  readonly close: () => Promise<void>
  private go: () => void = () => {}

  constructor(close: () => Promise<void>) {
    this.close = close
    this.wait()
  }

  start(): void {
    this.count = 0
    this.waiting = undefined
    this.go()
  }

  stop(): number {
    this.wait()
    return this.count
  }

  private wait(): void {
    this.waiting = new Promise(resolve => {
      this.go = resolve
    })
  }
}
