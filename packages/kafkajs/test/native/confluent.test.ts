import { createRequire } from 'node:module'
import { join } from 'node:path'

import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { type KafkaOptions, traceKafka } from '@spanwright/kafkajs'
import type { Kafka, KafkaConfig } from 'kafkajs'

import { BROKER_TIME, described, Harness, textOf, unique } from '../harness.ts'

// `npm run test:native` builds it there.
const load = createRequire(join(String(process.env['SPANWRIGHT_NATIVE']), 'package.json'))
const { KafkaJS } = load('@confluentinc/kafka-javascript') as {
  KafkaJS: { Kafka: new (config: { kafkaJS: Partial<KafkaConfig> }) => Kafka }
}

const harness = new Harness()

function traced(options: KafkaOptions = {}): Kafka {
  const kafka = new KafkaJS.Kafka({
    kafkaJS: { brokers: harness.service.brokers, clientId: 'shop', logLevel: 0 },
  })
  return traceKafka(kafka, harness.options(options))
}

function configured(config: object): never {
  return { kafkaJS: config } as never
}

describe('the client of Confluent', () => {
  it(
    'has a span per topic of a send and of a batch, whose context is in the records',
    async () => {
      const [one, two] = [await harness.topic(), await harness.topic()]
      const producer = traced().producer()
      await producer.connect()
      await producer.send({ topic: one, messages: [{ value: 'a' }, { value: 'b' }] })
      await producer.sendBatch({
        topicMessages: [one, two].map(topic => ({ topic, messages: [{ value: 'c' }] })),
      })
      await producer.disconnect()

      const spans = harness.recorder.spans()
      expect(spans.map(span => described(span))).toMatchObject(
        [one, one, two].map(topic => ({
          name: `send ${topic}`,
          kind: SpanKind.PRODUCER,
          status: { code: SpanStatusCode.UNSET },
          parent: undefined,
          links: [],
        })),
      )
      expect(spans.map(({ attributes }) => attributes['messaging.batch.message_count'])).toEqual([2, 1, 1])
      const read = await harness.read(one, 3)
      for (const [index, { headers }] of read.entries()) {
        const span = spans[index < 2 ? 0 : 1]
        expect(textOf(headers)['traceparent']).toContain(span?.spanContext().spanId)
      }
    },
    BROKER_TIME,
  )

  it(
    'has a span of each message that is processed',
    async () => {
      const topic = await harness.topic()
      const groupId = unique('group')
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
      await harness.write(topic, { value: 'v', headers: { traceparent } })
      const consumer = traced().consumer(configured({ groupId, fromBeginning: true }))
      await consumer.connect()
      await consumer.subscribe({ topic })
      await new Promise<void>((resolve, reject) => {
        consumer.run({ eachMessage: async () => resolve() }).catch(reject)
      })
      const [span] = await harness.spans(1)
      await consumer.disconnect()
      expect(described(span)).toMatchObject({
        name: `process ${topic}`,
        kind: SpanKind.CONSUMER,
        status: { code: SpanStatusCode.UNSET },
        links: [{ span: 'b7ad6b7169203331' }],
        attributes: { 'messaging.consumer.group.name': groupId, 'kafka.offset': 0 },
      })
    },
    BROKER_TIME,
  )

  it(
    'has the name of an error that it throws at once',
    async () => {
      const topic = await harness.topic()
      const producer = traced().producer()
      await producer.connect()
      const tooLarge = producer.send({ topic, messages: [{ value: 'x'.repeat(2_000_000) }] })
      await expect(tooLarge).rejects.toMatchObject({ message: expect.stringContaining('too large') })
      await producer.disconnect()

      const [span, ...others] = harness.recorder.spans()
      expect(others).toEqual([])
      expect(described(span)).toMatchObject({
        name: `send ${topic}`,
        status: { code: SpanStatusCode.ERROR },
        attributes: { 'error.type': 'ERR_MSG_SIZE_TOO_LARGE' },
      })
    },
    BROKER_TIME,
  )
})
