import { randomUUID } from 'node:crypto'

import type { Attributes } from '@opentelemetry/api'
import { afterAll, afterEach, beforeAll, expect } from '@jest/globals'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import {
  type KafkaOptions,
  traceKafka,
  type TracedConsumer,
  type TracedKafka,
  type TracedRunConfig,
} from '@spanwright/kafkajs'
import { type KafkaService, startKafka } from '@spanwright/services'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'
import {
  type Consumer,
  type ConsumerConfig,
  type ConsumerRunConfig,
  Kafka,
  type KafkaConfig,
  type KafkaMessage,
  logLevel,
  type Message,
  Partitioners,
  type Producer,
  type ProducerConfig,
} from 'kafkajs'

/** How long a test may take that waits for a broker. */
export const BROKER_TIME = 120_000

/** A broker and a recorder for the tests of a file; what a test creates is removed when it ends. */
export class BrokerHarness {
  private broker: KafkaService | undefined
  private recording: SpanRecorder | undefined
  /** What is to be done when a test ends. */
  protected readonly closers: (() => unknown)[] = []

  constructor() {
    beforeAll(async () => {
      this.recording = recordSpans()
      this.broker = await startKafka()
    }, BROKER_TIME)
    afterEach(async () => {
      await Promise.allSettled(this.closers.splice(0).map(close => close()))
      // Read, because metrics are checked against the semantic conventions when read.
      await this.recorder.metrics()
      await this.recorder.reset()
    }, BROKER_TIME)
    afterAll(async () => {
      await this.broker?.stop()
      await this.recording?.stop()
    }, BROKER_TIME)
  }

  get service(): KafkaService {
    if (!this.broker) throw new Error('the broker runs only within tests')
    return this.broker
  }

  get recorder(): SpanRecorder {
    if (!this.recording) throw new Error('spans are recorded only within tests')
    return this.recording
  }

  /** All spans, as soon as there are so many. */
  async spans(count: number): Promise<ReadableSpan[]> {
    const { recorder } = this
    await recorder.waitFor(() => recorder.spans().length >= count, { timeout: BROKER_TIME })
    return recorder.spans()
  }

  /** Attributes of a span that processes a message that a client named `shop` received from the first partition of a topic. */
  processAttributes(topic: string, groupId: string): Record<string, unknown> {
    return {
      'messaging.system.name': 'kafka',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': topic,
      'messaging.destination.partition.id': '0',
      'messaging.consumer.group.name': groupId,
      'messaging.client.id': 'shop',
      'spanwright.messaging.queue_time': expect.any(Number),
      'kafka.cluster.id': expect.any(String),
      'server.address': expect.stringMatching(/^(127\.0\.0\.1|localhost)$/),
      'server.port': this.port,
    }
  }

  /** Port of the only broker. */
  get port(): number {
    return Number(this.service.brokers[0]?.split(':')[1])
  }
}

/** Messages on their way to a consumer. */
interface Delivery {
  readonly topic: string
  readonly groupId: string
  readonly consumer: TracedConsumer<Consumer>
}

/** Clients of kafkajs. */
export class Harness extends BrokerHarness {
  /** A client that is not traced. */
  bare(config: Partial<KafkaConfig> = {}): Kafka {
    return new Kafka({
      clientId: 'shop',
      brokers: this.service.brokers,
      logLevel: logLevel.NOTHING,
      connectionTimeout: 2000,
      retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 10 },
      ...config,
    })
  }

  /** The options that make a client report to the recorder. */
  options(options: KafkaOptions = {}): KafkaOptions {
    const { tracerProvider, meterProvider, propagator } = this.recorder
    return { tracerProvider, meterProvider, propagator, ...options }
  }

  /** A traced client. */
  traced(options: KafkaOptions = {}, config: Partial<KafkaConfig> = {}): TracedKafka<Kafka> {
    return traceKafka(this.bare(config), this.options(options))
  }

  async producer(kafka: Kafka = this.traced(), config: ProducerConfig = {}): Promise<Producer> {
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, ...config })
    this.closers.push(() => producer.disconnect())
    await producer.connect()
    return producer
  }

  /** A consumer from the beginning of some topics, connected and not running yet. */
  async consumer(
    kafka: Kafka | TracedKafka<Kafka>,
    topics: string | string[],
    config: Partial<ConsumerConfig> = {},
  ): Promise<TracedConsumer<Consumer>> {
    const quick = { maxWaitTimeInMs: 50, heartbeatInterval: 50 }
    const consumer = kafka.consumer({ groupId: unique('group'), ...quick, ...config })
    this.closers.push(() => consumer.disconnect())
    await consumer.connect()
    await consumer.subscribe({ topics: [topics].flat(), fromBeginning: true })
    return consumer
  }

  /** A topic with messages in it, and a traced consumer of it that does not run yet. */
  async delivery(messages: Message[], options: KafkaOptions = {}): Promise<Delivery> {
    const topic = await this.topic()
    const groupId = unique('group')
    await this.write(topic, ...messages)
    return { topic, groupId, consumer: await this.consumer(this.traced(options), topic, { groupId }) }
  }

  /** Makes a topic. */
  async topic(partitions = 1, brokers: string[] = this.service.brokers): Promise<string> {
    const topic = unique('orders')
    const admin = this.bare({ brokers }).admin()
    await admin.connect()
    await untilKnown(async () => {
      await admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: true })
      await admin.fetchTopicMetadata({ topics: [topic] })
    })
    await admin.disconnect()
    return topic
  }

  /** The messages of a topic, read by a client that is not traced. */
  async read(topic: string, count: number): Promise<KafkaMessage[]> {
    const messages: KafkaMessage[] = []
    const consumer = await this.consumer(this.bare(), topic)
    await runUntil(consumer, done => ({
      eachMessage: async ({ message }) => {
        messages.push(message)
        if (messages.length === count) done()
      },
    }))
    return messages
  }

  /** Writes messages with a client that is not traced. */
  async write(topic: string, ...messages: Message[]): Promise<void> {
    const producer = await this.producer(this.bare())
    await producer.send({ topic, messages })
  }
}

/** Tries again while the broker does not know the topic it was just told to make, as after a restart. */
async function untilKnown(work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if ((error as { type?: unknown }).type !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error
    }
  }
}

/** Runs a consumer until its handler calls `done`, and stops it: then no handler runs any more. */
export async function runUntil(
  consumer: TracedConsumer<Consumer>,
  configure: (done: () => void) => TracedRunConfig<ConsumerRunConfig>,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    consumer.run(configure(resolve)).catch(reject)
  })
  await consumer.stop()
}

/** A name no other test uses. */
export function unique(name: string): string {
  return `${name}-${randomUUID().slice(0, 8)}`
}

/** Headers as text. */
export function textOf(headers: KafkaMessage['headers']): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers ?? {}).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.map(String) : String(value),
    ]),
  )
}

/** Everything a test can check of a finished span. */
export function described(span: ReadableSpan | undefined): object {
  if (!span) return { missing: true }
  return {
    name: span.name,
    kind: span.kind,
    status: span.status,
    attributes: span.attributes,
    events: span.events.map(({ name, attributes }) => ({ name, attributes })),
    links: span.links.map(({ context, attributes }) => ({
      span: context.spanId,
      trace: context.traceId,
      attributes: attributes ?? {},
    })),
    parent: span.parentSpanContext?.spanId,
    trace: span.spanContext().traceId,
  }
}

/** When a span started, in milliseconds. */
export function startOf({ startTime: [seconds, nanos] }: ReadableSpan): number {
  return seconds * 1000 + nanos / 1e6
}

/** How long a span took, in milliseconds. */
export function durationOf({ duration: [seconds, nanos] }: ReadableSpan): number {
  return seconds * 1000 + nanos / 1e6
}

/** The points of a metric: attributes, and value or count. */
export async function pointsOf(
  recorder: SpanRecorder,
  name: string,
): Promise<{ attributes: Attributes; value: number }[]> {
  const metrics = (await recorder.metrics()).filter(({ descriptor }) => descriptor.name === name)
  return metrics.flatMap(({ dataPoints }) =>
    dataPoints.map(({ attributes, value }) => ({
      attributes,
      value: typeof value === 'number' ? value : (value as { count: number }).count,
    })),
  )
}
