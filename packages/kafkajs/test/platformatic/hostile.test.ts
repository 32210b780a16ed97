import { context } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka'
import { tracePlatformaticKafka } from '@spanwright/kafkajs/platformatic'
import { type KafkaService, startKafka } from '@spanwright/services'

import { everyFault } from '../../../../tools/hostile/test/faults.ts'
import { BROKER_TIME, unique } from '../harness.ts'
import type { TextMessage, TextProducer, TextStream } from './harness.ts'

const topic = unique('hostile')

let service: KafkaService
let producer: TextProducer
let consumer: Consumer<string, string, string, string>
let stream: TextStream
let messages: AsyncIterator<TextMessage>

beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  service = await startKafka()
  const common = { clientId: 'shop', bootstrapBrokers: service.brokers, retries: 3, retryDelay: 50 }
  producer = new Producer({ ...common, serializers: stringSerializers, autocreateTopics: true })
  await producer.send({ messages: [{ topic, value: 'first' }] })
  consumer = new Consumer({ ...common, groupId: unique('group'), deserializers: stringDeserializers })
  stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false, maxWaitTime: 20 })
  messages = stream[Symbol.asyncIterator]()
  await messages.next()
}, BROKER_TIME)

afterAll(async () => {
  await stream.close()
  await consumer.close(true)
  await producer.close(true)
  await service.stop()
  context.disable()
}, BROKER_TIME)

it.each(everyFault())(
  'what is sent arrives as untraced with $name',
  async ({ options, active }) => {
    const tracing = tracePlatformaticKafka(options)
    try {
      const sent = await context.with(active, () =>
        producer.send({
          messages: [
            { topic, key: 'a', value: '1', headers: { id: 'x' } },
            { topic, key: 'b', value: '2' },
          ],
        }),
      )
      expect(sent.offsets).toEqual([{ topic, partition: 0, offset: expect.any(BigInt) }])
      for (const [key, value, id] of [
        ['a', '1', 'x'],
        ['b', '2', undefined],
      ]) {
        const { value: message } = (await messages.next()) as { value: TextMessage }
        expect([message.key, message.value, message.headers.get('id')]).toEqual([key, value, id])
      }
    } finally {
      tracing.stop()
    }
  },
  BROKER_TIME,
)
