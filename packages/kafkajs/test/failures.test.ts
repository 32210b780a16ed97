import { SpanStatusCode } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import {
  type Consumer,
  type ConsumerCrashEvent,
  type ConsumerRunConfig,
  type Kafka,
  KafkaJSNonRetriableError,
  type Producer,
  type ProducerRecord,
} from 'kafkajs'

import { BROKER_TIME, Harness, pointsOf, runUntil } from './harness.ts'

const harness = new Harness()
const ERROR = expect.objectContaining({ code: SpanStatusCode.ERROR })

async function rejectionOf(work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

function facts(error: unknown): object {
  const { name, message, retriable } = error as KafkaJSNonRetriableError
  return { name, message, retriable }
}

/** Runs a consumer until it crashes. */
function crashOf(consumer: Consumer, config: ConsumerRunConfig): Promise<unknown> {
  return new Promise((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }: ConsumerCrashEvent) => resolve(payload.error))
    consumer.run(config).catch(reject)
  })
}

describe('a send that kafkajs refuses', () => {
  const secret = { key: 'secret', value: undefined, headers: { id: 'secret' } }
  const records: [string, unknown][] = [
    ['no record', undefined],
    ['null', null],
    ['no topic', { messages: [{ value: 'x' }] }],
    ['an empty topic', { topic: '', messages: [{ value: 'x' }] }],
    ['no messages', { topic: 't' }],
    ['messages that are no list', { topic: 't', messages: { value: 'x' } }],
    ['a message without value', { topic: 't', messages: [{ value: 'x' }, secret] }],
    ['no message', { topic: 't', messages: [null] }],
    ['headers that are null', { topic: 't', messages: [{ value: 'x', headers: null }] }],
    ['a header that is a number', { topic: 't', messages: [{ value: 'x', headers: { n: 1 } }] }],
    ['a header that is null', { topic: 't', messages: [{ value: 'x', headers: { n: null } }] }],
    [
      'no context in the header of the context',
      { topic: 't', messages: [{ value: 'x', headers: { traceparent: undefined } }] },
    ],
    [
      'null in the header of the context',
      { topic: 't', messages: [{ value: 'x', headers: { Traceparent: null } }] },
    ],
    [
      'a list with null for the context',
      { topic: 't', messages: [{ value: 'x', headers: { tracestate: [null] } }] },
    ],
    [
      'a number in the header of the context',
      { topic: 't', messages: [{ value: 'x', headers: { traceparent: 5 } }] },
    ],
    ['a value that is a number', { topic: 't', messages: [{ value: 5 }] }],
  ]

  async function bothWays(
    send: (producer: Producer, topic: string) => Promise<unknown>,
  ): Promise<{ bare: unknown; traced: unknown }> {
    const topic = await harness.topic()
    const bare = await harness.producer(harness.bare())
    const traced = await harness.producer()
    return {
      bare: await rejectionOf(() => send(bare, topic)),
      traced: await rejectionOf(() => send(traced, topic)),
    }
  }

  it.each(records)(
    "is refused with kafkajs's own error: %s",
    async (_what, record) => {
      const { bare, traced } = await bothWays(async (producer, topic) =>
        producer.send(
          (record && (record as ProducerRecord).topic === 't'
            ? { ...record, topic }
            : record) as ProducerRecord,
        ),
      )

      expect({ ...facts(traced), message: generic(traced) }).toEqual({
        ...facts(bare),
        message: generic(bare),
      })
      expect((traced as Error).message).not.toContain('traceparent')
      for (const span of harness.recorder.spans()) expect(span.status).toEqual(ERROR)
      expect(harness.recorder.open()).toEqual([])
    },
    BROKER_TIME,
  )

  const generic = (error: unknown): string => (error as Error).message.replaceAll(/orders-\w+/g, 'orders')

  it(
    'is not told as sent, nor is what else the call had for other topics',
    async () => {
      const [good, bad] = [await harness.topic(), await harness.topic()]
      const producer = await harness.producer(harness.traced({ messageSpans: true }))
      const topicMessages = [
        { topic: good, messages: [{ value: 'x' }] },
        { topic: bad, messages: [secret as never] },
      ]

      await rejectionOf(async () => producer.sendBatch({ topicMessages }))

      expect(harness.recorder.spans().map(({ name, status }) => [name, status])).toEqual([
        [`send ${good}`, ERROR],
        [`send ${bad}`, ERROR],
      ])
      const counted = await pointsOf(harness.recorder, 'messaging.client.sent.messages')
      expect(counted.map(({ value }) => value)).toEqual([0, 0])
    },
    BROKER_TIME,
  )

  it(
    'shows nothing of the record on its span, and counts no message',
    async () => {
      const topic = await harness.topic()
      const producer = await harness.producer()

      await rejectionOf(async () => producer.send({ topic, messages: [secret as never] }))

      const [span] = harness.recorder.spans()
      expect(span?.status).toEqual({
        code: SpanStatusCode.ERROR,
        message: `Invalid message without value for topic "${topic}"`,
      })
      expect(span?.attributes).toMatchObject({ 'error.type': 'KafkaJSNonRetriableError' })
      expect(span?.events.map(({ name, attributes }) => [name, attributes])).toEqual([
        [
          'exception',
          expect.objectContaining({
            'exception.type': 'KafkaJSNonRetriableError',
            'exception.message': `Invalid message without value for topic "${topic}"`,
          }),
        ],
      ])
      expect(JSON.stringify(span?.events)).not.toContain('secret')
      const counted = await pointsOf(harness.recorder, 'messaging.client.sent.messages')
      expect(counted.filter(point => point.attributes['messaging.destination.name'] === topic)).toEqual([
        { attributes: expect.objectContaining({ 'error.type': 'KafkaJSNonRetriableError' }), value: 0 },
      ])
    },
    BROKER_TIME,
  )
})

describe('a send that fails', () => {
  it(
    "has the broker's name for the error, even when kafkajs has wrapped it",
    async () => {
      const kafka: Kafka = harness.traced({}, { retry: { retries: 0 } })
      const producer = await harness.producer(kafka, { allowAutoTopicCreation: false })

      const error = await rejectionOf(async () =>
        producer.send({ topic: 'no such topic!', messages: [{ value: 'x' }] }),
      )

      const [span, ...others] = harness.recorder.spans()
      expect(others).toEqual([])
      expect(span?.status).toEqual({ code: SpanStatusCode.ERROR, message: (error as Error).message })
      expect(span?.attributes['error.type']).toMatch(/^(INVALID_TOPIC_EXCEPTION|UNKNOWN_TOPIC_OR_PARTITION)$/)
    },
    BROKER_TIME,
  )

  it(
    'has the name of the class when the producer is not connected',
    async () => {
      const producer = harness.traced().producer({ createPartitioner: () => () => 0 })

      await rejectionOf(async () => producer.send({ topic: 't', messages: [{ value: 'x' }] }))

      const [span] = harness.recorder.spans()
      expect(span?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'The producer is disconnected' })
      expect(span?.attributes).toMatchObject({ 'error.type': 'KafkaJSError' })
    },
    BROKER_TIME,
  )
})

function attemptsIn(spans: readonly ReadableSpan[]): unknown[] {
  return spans.map(({ attributes }) => attributes['spanwright.messaging.delivery_attempt'])
}

describe('a handler that fails', () => {
  const failures: [string, () => Promise<void>, string][] = [
    [
      'throws synchronously',
      () => {
        throw new RangeError('too far')
      },
      'RangeError',
    ],
    ['rejects', () => Promise.reject(new TypeError('not so')), 'TypeError'],
    ['throws null', () => Promise.reject(null), '_OTHER'],
    [
      "throws kafkajs's own error",
      () => Promise.reject(new KafkaJSNonRetriableError('give up')),
      'KafkaJSNonRetriableError',
    ],
  ]

  for (const way of ['eachMessage', 'eachBatch'] as const) {
    it.each(failures)(
      `ends its span with the truth and crashes as with bare kafkajs: ${way} %s`,
      async (_what, fail, errorType) => {
        const topic = await harness.topic()
        await harness.write(topic, { value: 'x' })
        const retry = { retries: 0, restartOnFailure: async () => false }
        const bare = await harness.consumer(harness.bare(), topic, { retry })
        const traced = await harness.consumer(harness.traced(), topic, { retry })

        const expected = facts(await crashOf(bare, { [way]: fail }))
        expect(facts(await crashOf(traced, { [way]: fail }))).toEqual(expected)

        const [span, ...others] = harness.recorder.spans()
        expect(others).toEqual([])
        expect(span?.status).toEqual(ERROR)
        expect(span?.attributes).toMatchObject({ 'error.type': errorType })
        expect(span?.events).toHaveLength(1)
        for (const name of ['messaging.process.duration', 'messaging.client.consumed.messages']) {
          expect(await pointsOf(harness.recorder, name)).toMatchObject([
            { attributes: { 'error.type': errorType, 'messaging.destination.name': topic }, value: 1 },
          ])
        }
        expect(harness.recorder.open()).toEqual([])
      },
      BROKER_TIME,
    )
  }

  it(
    'has a span per attempt, and the one that works is no error',
    async () => {
      const { consumer } = await harness.delivery([{ value: 'x' }])

      let attempts = 0
      await new Promise<void>((resolve, reject) => {
        const eachMessage = async (): Promise<void> => {
          if (++attempts < 3) throw new Error('not yet')
          resolve()
        }
        consumer.run({ eachMessage }).catch(reject)
      })
      await consumer.stop()

      const spans = harness.recorder.spans()
      expect(spans.map(({ status }) => status.code)).toEqual([
        SpanStatusCode.ERROR,
        SpanStatusCode.ERROR,
        SpanStatusCode.UNSET,
      ])
      expect(spans.map(({ attributes }) => attributes['kafka.offset'])).toEqual([0, 0, 0])
      expect(attemptsIn(spans)).toEqual([undefined, 2, 3])
    },
    BROKER_TIME,
  )

  it(
    'counts its attempts at a message and at a batch, and begins anew with the next',
    async () => {
      const topic = await harness.topic()
      await harness.write(topic, { value: '0' }, { value: '1' })
      const messages = await harness.consumer(harness.traced(), topic)
      const batches = await harness.consumer(harness.traced(), topic)
      const failAt = (...calls: number[]): (() => void) => {
        let call = 0
        return () => {
          if (calls.includes(call++)) throw new Error('not yet')
        }
      }

      const failMessage = failAt(0, 2)
      await runUntil(messages, done => ({
        eachMessage: async ({ message }) => {
          failMessage()
          if (message.offset === '1') done()
        },
      }))
      const failBatch = failAt(0)
      await runUntil(batches, done => ({
        eachBatch: async () => {
          failBatch()
          done()
        },
      }))

      expect(attemptsIn(harness.recorder.spans())).toEqual([undefined, 2, undefined, 2, undefined, 2])
    },
    BROKER_TIME,
  )
})
