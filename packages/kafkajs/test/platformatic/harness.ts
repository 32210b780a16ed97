import {
  Consumer,
  type Message,
  type MessagesStream,
  Producer,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka'
import { type PlatformaticTracing, tracePlatformaticKafka } from '@spanwright/kafkajs/platformatic'

import { BrokerHarness, unique } from '../harness.ts'

export type TracingOptions = NonNullable<Parameters<typeof tracePlatformaticKafka>[0]>
export type TextMessage = Message<string, string, string, string>
export type TextStream = MessagesStream<string, string, string, string>
export type TextProducer = Producer<string, string, string, string>

/** Clients of @platformatic/kafka, for text. */
export class PlatformaticHarness extends BrokerHarness {
  /** Traces until the end of the test. */
  trace(options: TracingOptions = {}): PlatformaticTracing {
    const { tracerProvider, meterProvider, propagator } = this.recorder
    const tracing = tracePlatformaticKafka({ tracerProvider, meterProvider, propagator, ...options })
    this.closers.push(() => tracing.stop())
    return tracing
  }

  producer(options: object = {}): TextProducer {
    const producer: TextProducer = new Producer({
      ...this.common,
      serializers: stringSerializers,
      autocreateTopics: true,
      ...options,
    })
    this.closers.push(() => producer.close(true))
    return producer
  }

  /** A stream of what is in a topic, from its beginning. */
  async stream(topic: string, options: object = {}): Promise<TextStream> {
    const consumer = this.consumer(options)
    return consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false, maxWaitTime: 50 })
  }

  consumer(options: object = {}): Consumer<string, string, string, string> {
    const consumer = new Consumer<string, string, string, string>({
      ...this.common,
      groupId: unique('group'),
      deserializers: stringDeserializers,
      ...options,
    })
    this.closers.push(() => consumer.close(true))
    return consumer
  }

  /** The messages of a topic, read by a consumer that is not traced. */
  async read(topic: string, count: number): Promise<TextMessage[]> {
    const messages: TextMessage[] = []
    for await (const message of await this.stream(topic)) if (messages.push(message) === count) break
    return messages
  }

  private get common(): {
    clientId: string
    bootstrapBrokers: string[]
    retries: number
    retryDelay: number
  } {
    return { clientId: 'shop', bootstrapBrokers: this.service.brokers, retries: 3, retryDelay: 50 }
  }
}
