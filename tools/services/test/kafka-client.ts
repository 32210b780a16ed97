import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import {
  Kafka,
  logLevel,
  type Consumer,
  type ConsumerConfig,
  type EachMessagePayload,
  type IHeaders,
  type Producer,
  type ProducerConfig,
} from 'kafkajs'
import type { KafkaService } from '@spanwright/services'

/** A message as a consumer received it. */
export interface Seen {
  topic: string
  partition: number
  offset: string
  key: string | null
  value: string | null
  headers: IHeaders | undefined
}

/** A name that no other test uses. */
export function unique(name: string): string {
  return `${name}-${randomUUID().slice(0, 8)}`
}

/** kafkajs on a broker, with short retries; `close` disconnects everything it created. */
export class TestClient {
  readonly kafka: Kafka
  #open: { disconnect(): Promise<void> }[] = []

  constructor(service: KafkaService) {
    this.kafka = new Kafka({
      clientId: 'test',
      brokers: service.brokers,
      logLevel: logLevel.NOTHING,
      connectionTimeout: 2000,
      retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 20 },
    })
  }

  async producer(config: ProducerConfig = {}): Promise<Producer> {
    const producer = this.kafka.producer(config)
    this.#open.push(producer)
    await producer.connect()
    return producer
  }

  async admin(): Promise<ReturnType<Kafka['admin']>> {
    const admin = this.kafka.admin()
    this.#open.push(admin)
    await admin.connect()
    return admin
  }

  async createTopic(topic: string, numPartitions = 1): Promise<void> {
    const admin = await this.admin()
    await admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: true })
  }

  /** A consumer that starts at the beginning of a topic, connected but not running yet. */
  async consumer(topic: string, config: Partial<ConsumerConfig> = {}): Promise<Consumer> {
    // kafkajs sends heartbeats, and disconnects, only between two fetches.
    const quick = { maxWaitTimeInMs: 50, heartbeatInterval: 50 }
    const consumer = this.kafka.consumer({ groupId: unique('group'), ...quick, ...config })
    this.#open.push(consumer)
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    return consumer
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.map(one => one.disconnect()))
  }
}

/** Collects the messages of consumers and lets a test wait for them. */
export class Inbox {
  readonly seen: Seen[] = []
  #arrived = new EventTarget()

  readonly take = async ({ topic, partition, message }: EachMessagePayload): Promise<void> => {
    const { offset, key, value, headers } = message
    this.seen.push({
      topic,
      partition,
      offset,
      key: key?.toString() ?? null,
      value: value?.toString() ?? null,
      headers,
    })
    this.#arrived.dispatchEvent(new Event('message'))
  }

  get values(): (string | null)[] {
    return this.seen.map(message => message.value)
  }

  /** Resolves once `count` messages have arrived. */
  async holds(count: number): Promise<Seen[]> {
    while (this.seen.length < count) await once(this.#arrived, 'message')
    return this.seen
  }
}

/** Resolves with the partitions of `topic` that a consumer receives when it next joins its group. */
export function nextAssignment(consumer: Consumer, topic: string): Promise<number[]> {
  return new Promise(resolve => {
    const unlisten = consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      unlisten()
      resolve(payload.memberAssignment[topic] ?? [])
    })
  })
}
