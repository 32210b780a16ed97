import { describe, expect, it } from '@jest/globals'

import { BROKER_TIME, Harness, runUntil } from './harness.ts'

const queued = { 'spanwright.messaging.queue_time': expect.any(Number) }

const harness = new Harness()

describe('recordKey and recordBodySize', () => {
  it(
    'are off: keys and sizes are not recorded',
    async () => {
      const topic = await harness.topic()
      const kafka = harness.traced()
      const producer = await harness.producer(kafka)
      await producer.send({ topic, messages: [{ key: 'secret', value: 'v' }] })
      const consumer = await harness.consumer(kafka, topic)
      await runUntil(consumer, done => ({ eachMessage: async () => done() }))

      expect(harness.recorder.spans()).toHaveLength(2)
      expect(JSON.stringify(harness.recorder.spans().map(({ attributes }) => attributes))).not.toMatch(
        /secret|body\.size/,
      )
    },
    BROKER_TIME,
  )

  it(
    'tell them on the way out and in, where the key is text',
    async () => {
      const topic = await harness.topic()
      const kafka = harness.traced({ recordKey: true, recordBodySize: true })
      const producer = await harness.producer(kafka)
      const messages = [
        { key: 'customer-1', value: 'grüße' },
        { key: Buffer.from('kunde-ü'), value: Buffer.from([1, 2, 3]) },
        { key: Buffer.from([0, 0, 0, 7]), value: '' },
        { key: Buffer.from([0xff, 0xfe]), value: 'x' },
        { key: '', value: 'x' },
        { key: null, value: null },
      ]
      for (const message of messages) await producer.send({ topic, messages: [message] })
      const consumer = await harness.consumer(kafka, topic)
      await runUntil(consumer, done => ({
        eachMessage: async ({ message }) => {
          if (message.offset === '5') done()
        },
      }))

      const facts = harness.recorder
        .spans()
        .map(({ attributes }) => [
          attributes['kafka.message.key'],
          attributes['messaging.message.body.size'],
          attributes['kafka.message.tombstone'],
        ])
      const expected = [
        ['customer-1', 7, undefined],
        ['kunde-ü', 3, undefined],
        [undefined, 0, undefined],
        [undefined, 1, undefined],
        ['', 1, undefined],
        [undefined, undefined, true],
      ]
      expect(facts).toEqual([...expected, ...expected])
    },
    BROKER_TIME,
  )

  it(
    'tell them on the links of a batch',
    async () => {
      const topic = await harness.topic()
      const kafka = harness.traced({ recordKey: true, recordBodySize: true })
      const producer = await harness.producer(kafka)
      await producer.send({
        topic,
        messages: [
          { key: 'a', value: '1' },
          { key: 'b', value: '22' },
        ],
      })
      const consumer = await harness.consumer(kafka, topic)
      await runUntil(consumer, done => ({ eachBatch: async () => done() }))

      const [send, batch] = harness.recorder.spans()
      expect(send?.attributes).not.toHaveProperty(['kafka.message.key'])
      expect(batch?.links.map(({ attributes }) => attributes)).toEqual([
        { 'kafka.offset': 0, 'kafka.message.key': 'a', 'messaging.message.body.size': 1, ...queued },
        { 'kafka.offset': 1, 'kafka.message.key': 'b', 'messaging.message.body.size': 2, ...queued },
      ])
    },
    BROKER_TIME,
  )
})
