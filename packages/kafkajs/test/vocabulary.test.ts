import { describe, expect, it } from '@jest/globals'
import type { KafkaOptions } from '@spanwright/kafkajs'

import { BROKER_TIME, Harness, runUntil, unique } from './harness.ts'

const harness = new Harness()

async function sendAndProcess(options: KafkaOptions): Promise<{ topic: string; groupId: string }> {
  const topic = await harness.topic()
  const groupId = unique('group')
  const kafka = harness.traced({ recordKey: true, recordBodySize: true, ...options })
  const producer = await harness.producer(kafka)
  await producer.send({ topic, messages: [{ key: 'k', value: 'v' }] })
  const consumer = await harness.consumer(kafka, topic, { groupId })
  await runUntil(consumer, done => ({ eachMessage: async () => done() }))
  return { topic, groupId }
}

const broker = { 'net.peer.name': expect.any(String), 'net.peer.port': expect.any(Number) }

describe("semconv: 'legacy'", () => {
  it(
    'writes the old words and no others',
    async () => {
      const { topic, groupId } = await sendAndProcess({ semconv: 'legacy' })

      const [send, process] = harness.recorder.spans().map(({ attributes }) => attributes)
      const shared = {
        'messaging.system': 'kafka',
        'messaging.destination': topic,
        'messaging.destination_kind': 'topic',
        'messaging.kafka.client_id': 'shop',
        'messaging.kafka.partition': 0,
        'messaging.kafka.message_key': 'k',
        'messaging.kafka.message.offset': 0,
        'messaging.message_payload_size_bytes': 1,
        ...broker,
      }
      expect(send).toEqual({ ...shared, 'messaging.operation': 'publish' })
      expect(process).toEqual({
        ...shared,
        'messaging.operation': 'process',
        'messaging.kafka.consumer_group': groupId,
        'spanwright.messaging.queue_time': expect.any(Number),
      })
    },
    BROKER_TIME,
  )

  it(
    'reaches the links of a batch',
    async () => {
      const topic = await harness.topic()
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
      await harness.write(
        topic,
        { value: '0', headers: { traceparent } },
        { value: '1', headers: { traceparent } },
      )
      const consumer = await harness.consumer(harness.traced({ semconv: 'legacy' }), topic)
      await runUntil(consumer, done => ({ eachBatch: async () => done() }))

      const [span] = harness.recorder.spans()
      expect(span?.links.map(({ attributes }) => attributes?.['messaging.kafka.message.offset'])).toEqual([
        0, 1,
      ])
    },
    BROKER_TIME,
  )
})

describe("semconv: 'both'", () => {
  it(
    'writes old and new words side by side',
    async () => {
      const { topic } = await sendAndProcess({ semconv: 'both' })

      for (const { attributes } of harness.recorder.spans()) {
        expect(attributes).toMatchObject({
          'messaging.system': 'kafka',
          'messaging.system.name': 'kafka',
          'messaging.destination': topic,
          'messaging.destination.name': topic,
          'messaging.kafka.message.offset': 0,
          'kafka.offset': 0,
        })
      }
    },
    BROKER_TIME,
  )
})
