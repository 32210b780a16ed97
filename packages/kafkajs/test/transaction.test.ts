import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import type { KafkaOptions } from '@spanwright/kafkajs'
import type { KafkaMessage, Producer, Transaction } from 'kafkajs'

import { BROKER_TIME, described, Harness, runUntil, textOf, unique } from './harness.ts'

const harness = new Harness()

type SentOffsets = Parameters<Transaction['sendOffsets']>[0]

function transactional(options?: KafkaOptions): Promise<Producer> {
  return harness.producer(harness.traced(options), {
    transactionalId: unique('transaction'),
    idempotent: true,
    maxInFlightRequests: 1,
  })
}

const unset = { code: SpanStatusCode.UNSET }

describe('a transaction', () => {
  it(
    'is an INTERNAL span from its begin to its commit, with the sends beneath it',
    async () => {
      const topic = await harness.topic()
      const producer = await transactional()
      const app = harness.recorder.tracerProvider.getTracer('app').startSpan('app')

      await context.with(trace.setSpan(context.active(), app), async () => {
        const transaction = await producer.transaction()
        await transaction.send({ topic, messages: [{ value: '0' }] })
        await transaction.sendBatch({ topicMessages: [{ topic, messages: [{ value: '1' }] }] })
        expect(await transaction.commit()).toBeUndefined()
        expect(transaction.isActive()).toBe(false)
      })

      const [first, second, span, ...others] = harness.recorder.spans()
      expect(others).toEqual([])
      expect(described(span)).toEqual({
        name: 'transaction',
        kind: SpanKind.INTERNAL,
        status: unset,
        attributes: {
          'messaging.client.id': 'shop',
          'kafka.cluster.id': expect.any(String),
          'spanwright.messaging.transaction.outcome': 'commit',
        },
        events: [],
        links: [],
        parent: app.spanContext().spanId,
        trace: app.spanContext().traceId,
      })
      for (const send of [first, second]) {
        expect(described(send)).toMatchObject({
          name: `send ${topic}`,
          kind: SpanKind.PRODUCER,
          parent: span?.spanContext().spanId,
        })
      }
      const read = (await harness.read(topic, 2)).map(({ headers }) => textOf(headers)['traceparent'])
      expect(read).toEqual(
        [first, second].map(send => expect.stringContaining(send?.spanContext().spanId ?? '?')),
      )
    },
    BROKER_TIME,
  )

  it(
    'sends frozen batches with a span per message, all of them beneath it',
    async () => {
      const [one, two] = [await harness.topic(), await harness.topic()]
      const producer = await transactional({ messageSpans: true })
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
      const frozen = <T extends object>(value: T): T => {
        for (const inner of Object.values(value)) if (Object(inner) === inner) frozen(inner as object)
        return Object.freeze(value)
      }
      const batch = frozen({
        topicMessages: [
          {
            topic: one,
            messages: [
              { value: '0', headers: {} },
              { value: '1', headers: { traceparent } },
            ],
          },
          { topic: two, messages: [{ value: null }] },
          { topic: one, messages: [{ key: '', value: '' }] },
        ],
      })

      const transaction = await producer.transaction()
      await transaction.sendBatch(batch)
      await transaction.commit()

      const spans = harness.recorder.spans()
      const [first, second, third, sendOne, sendTwo, whole, ...others] = spans
      expect(others).toEqual([])
      const beneath = { parent: whole?.spanContext().spanId, status: unset }
      const id = (span: ReadableSpan | undefined): string => span?.spanContext().spanId ?? '?'
      const created = (topic: string): object => ({
        ...beneath,
        name: `create ${topic}`,
        kind: SpanKind.PRODUCER,
        attributes: { 'kafka.cluster.id': expect.any(String) },
        links: [],
      })
      const kept = { span: 'b7ad6b7169203331' }
      const sent = { ...beneath, kind: SpanKind.CLIENT }
      expect([first, second, third, sendOne, sendTwo].map(described)).toMatchObject([
        created(one),
        created(one),
        created(two),
        { ...sent, name: `send ${one}`, links: [{ span: id(first) }, kept, { span: id(second) }] },
        { ...sent, name: `send ${two}`, links: [{ span: id(third) }] },
      ])
      const carried = async (topic: string, count: number): Promise<unknown[]> =>
        (await harness.read(topic, count)).map(({ headers }) => textOf(headers)['traceparent'])
      expect(await carried(one, 3)).toEqual([
        expect.stringContaining(id(first)),
        traceparent,
        expect.stringContaining(id(second)),
      ])
      expect(await carried(two, 1)).toEqual([expect.stringContaining(id(third))])
    },
    BROKER_TIME,
  )

  it(
    'that is aborted is no error',
    async () => {
      const topic = await harness.topic()
      const producer = await transactional()

      const transaction = await producer.transaction()
      await transaction.send({ topic, messages: [{ value: '0' }] })
      await transaction.abort()

      const [, span, ...others] = harness.recorder.spans()
      expect(others).toEqual([])
      expect(described(span)).toMatchObject({
        status: unset,
        attributes: { 'spanwright.messaging.transaction.outcome': 'abort' },
      })
    },
    BROKER_TIME,
  )

  it(
    'that is neither committed nor aborted ends when the producer disconnects',
    async () => {
      const topic = await harness.topic()
      const producer = await transactional()

      const transaction = await producer.transaction()
      await transaction.send({ topic, messages: [{ value: '0' }] })
      expect(harness.recorder.open().map(({ name }) => name)).toEqual(['transaction'])
      await producer.disconnect()

      expect(harness.recorder.open()).toEqual([])
      const [, span] = harness.recorder.spans()
      expect(described(span)).toMatchObject({
        status: {
          code: SpanStatusCode.ERROR,
          message: 'The producer disconnected before the transaction was committed or aborted',
        },
        attributes: {
          'error.type': 'abandoned',
          'spanwright.messaging.transaction.outcome': 'abandoned',
        },
        events: [],
      })
    },
    BROKER_TIME,
  )

  it(
    'that does not begin ends with the error, and the one that is under way goes on',
    async () => {
      const topic = await harness.topic()
      const producer = await transactional()
      const transaction = await producer.transaction()

      await expect(producer.transaction()).rejects.toThrow('There is already an ongoing transaction')
      await transaction.send({ topic, messages: [{ value: '0' }] })
      await transaction.commit()
      await expect(transaction.commit()).rejects.toThrow('Cannot continue to use transaction once ended')
      await expect(transaction.send({ topic, messages: [{ value: '1' }] })).rejects.toThrow(
        'Cannot continue to use transaction once ended',
      )

      expect(
        harness.recorder
          .spans()
          .map(({ name, status, attributes, parentSpanContext }) => [
            name,
            status.code,
            attributes['spanwright.messaging.transaction.outcome'],
            parentSpanContext !== undefined,
          ]),
      ).toEqual([
        ['transaction', SpanStatusCode.ERROR, undefined, false],
        [`send ${topic}`, SpanStatusCode.UNSET, undefined, true],
        ['transaction', SpanStatusCode.UNSET, 'commit', false],
        [`send ${topic}`, SpanStatusCode.ERROR, undefined, false],
      ])
    },
    BROKER_TIME,
  )

  it(
    'reads, sends and commits its offsets as one, in the trace of the message',
    async () => {
      const [from, to] = [await harness.topic(), await harness.topic()]
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
      await harness.write(from, { value: 'v', headers: { traceparent } })
      const groupId = unique('group')
      const producer = await transactional()
      const consumer = await harness.consumer(harness.traced(), from, { groupId })

      await runUntil(consumer, done => ({
        autoCommit: false,
        eachMessage: async ({ message, partition }) => {
          const transaction = await producer.transaction()
          await transaction.send({ topic: to, messages: [copyOf(message)] })
          await transaction.sendOffsets({
            consumerGroupId: groupId,
            topics: [{ topic: from, partitions: [{ partition, offset: '1' }] }],
          })
          await transaction.commit()
          done()
        },
      }))

      const [send, transaction, process] = harness.recorder.spans()
      expect(described(send)).toMatchObject({ parent: transaction?.spanContext().spanId })
      expect(described(transaction)).toMatchObject({ parent: process?.spanContext().spanId })
      // The forward of the message being processed carries the new context.
      expect(described(send)).toMatchObject({
        kind: SpanKind.PRODUCER,
        links: [{ span: 'b7ad6b7169203331' }],
      })
      const admin = harness.bare().admin()
      await admin.connect()
      const offsets = await admin.fetchOffsets({ groupId, topics: [from] })
      await admin.disconnect()
      expect(offsets).toMatchObject([{ partitions: [{ offset: '1' }] }])
    },
    BROKER_TIME,
  )

  it(
    'has a span for the offsets it commits, with commitSpans',
    async () => {
      const topic = await harness.topic()
      const groupId = unique('group')
      const producer = await transactional({ commitSpans: true })
      const offsetsAt = (offset: string): SentOffsets => ({
        consumerGroupId: groupId,
        topics: [{ topic, partitions: [{ partition: 0, offset }] }],
      })

      const transaction = await producer.transaction()
      expect(await transaction.sendOffsets(offsetsAt('1'))).toBeUndefined()
      await transaction.abort()
      await expect(transaction.sendOffsets(offsetsAt('2'))).rejects.toThrow('once ended')

      const [commit, whole, late, ...others] = harness.recorder.spans()
      expect(others).toEqual([])
      expect(described(commit)).toEqual({
        name: `commit ${topic}`,
        kind: SpanKind.CLIENT,
        status: unset,
        attributes: {
          'messaging.system.name': 'kafka',
          'messaging.operation.name': 'commit',
          'messaging.operation.type': 'settle',
          'messaging.destination.name': topic,
          'messaging.destination.partition.id': '0',
          'messaging.consumer.group.name': groupId,
          'messaging.client.id': 'shop',
          'kafka.cluster.id': expect.any(String),
          'kafka.offset': 1,
        },
        events: [],
        links: [],
        parent: whole?.spanContext().spanId,
        trace: whole?.spanContext().traceId,
      })
      expect(described(late)).toMatchObject({
        status: { code: SpanStatusCode.ERROR },
        attributes: { 'kafka.offset': 2, 'error.type': 'KafkaJSNonRetriableError' },
        parent: undefined,
      })
    },
    BROKER_TIME,
  )
})

function copyOf({ key, value, headers }: KafkaMessage): { key: Buffer | null; value: Buffer | null } {
  return { key, value, ...(headers && { headers }) }
}
