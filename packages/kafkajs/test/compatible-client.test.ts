import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { type KafkaOptions, traceKafka } from '@spanwright/kafkajs'
import { Partitioners } from 'kafkajs'

import { CompatibleKafka, type CompatibleProducer, LibrdKafkaError } from './compatible-client.ts'
import { BROKER_TIME, described, Harness, textOf, unique } from './harness.ts'

const harness = new Harness()

function compatible(options: KafkaOptions = {}): CompatibleKafka {
  return traceKafka(new CompatibleKafka(harness.bare()), harness.options(options))
}

async function withProducer(
  work: (producer: CompatibleProducer) => Promise<void>,
  transactionalId?: string,
): Promise<void> {
  const createPartitioner = Partitioners.DefaultPartitioner
  const producer = compatible().producer({
    kafkaJS: { clientId: 'other', createPartitioner, ...(transactionalId && { transactionalId }) },
  })
  await producer.connect()
  try {
    await work(producer)
  } finally {
    await producer.disconnect()
  }
}

describe('a client with the API of KafkaJS', () => {
  it(
    'is traced as KafkaJS is: sends',
    async () => {
      const topic = await harness.topic()
      const message = Object.freeze({ value: 'v' })
      await withProducer(async producer => {
        await producer.send({ topic, messages: [message] })
      })

      const [send, ...others] = harness.recorder.spans()
      expect(others).toEqual([])
      expect(described(send)).toMatchObject({ name: `send ${topic}`, kind: SpanKind.PRODUCER })
      expect(send?.attributes).toEqual({
        'messaging.system.name': 'kafka',
        'messaging.operation.name': 'send',
        'messaging.operation.type': 'send',
        'messaging.destination.name': topic,
        'messaging.destination.partition.id': '0',
        'messaging.client.id': 'other',
        'kafka.offset': 0,
      })
      const [read] = await harness.read(topic, 1)
      expect(textOf(read?.headers)['traceparent']).toContain(send?.spanContext().spanId)
    },
    BROKER_TIME,
  )

  it(
    'has one span per topic of a batch, though it sends it part by part',
    async () => {
      const [one, two] = [await harness.topic(), await harness.topic()]
      await withProducer(async producer => {
        await producer.sendBatch({
          topicMessages: [one, two].map(topic => ({ topic, messages: [{ value: 'v' }] })),
        })
        await producer.send({ topic: one, messages: [{ value: 'w' }] })
      })

      expect(harness.recorder.spans().map(({ name }) => name)).toEqual(
        [one, two, one].map(topic => `send ${topic}`),
      )
    },
    BROKER_TIME,
  )

  it(
    'has its transactions traced, though its producer is the transaction',
    async () => {
      const topic = await harness.topic()
      await withProducer(async producer => {
        for (const end of ['commit', 'abort'] as const) {
          const transaction = await producer.transaction()
          expect(transaction).toBe(producer)
          await transaction.send({ topic, messages: [{ value: 'v' }] })
          await transaction[end]()
        }
        await producer.transaction()
      }, unique('transaction'))

      const [first, committed, second, aborted, abandoned, ...others] = harness.recorder.spans()
      expect(others).toEqual([])
      const outcomes = [committed, aborted, abandoned].map(span => [
        span?.name,
        span?.status.code,
        span?.attributes['spanwright.messaging.transaction.outcome'],
      ])
      expect(outcomes).toEqual([
        ['transaction', SpanStatusCode.UNSET, 'commit'],
        ['transaction', SpanStatusCode.UNSET, 'abort'],
        ['transaction', SpanStatusCode.ERROR, 'abandoned'],
      ])
      expect(described(first)).toMatchObject({ parent: committed?.spanContext().spanId })
      expect(described(second)).toMatchObject({ parent: aborted?.spanContext().spanId })
    },
    BROKER_TIME,
  )

  it.each(['eachMessage', 'eachBatch'] as const)(
    'is traced as KafkaJS is: %s',
    async way => {
      const topic = await harness.topic()
      const groupId = unique('group')
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
      await harness.write(topic, { value: 'v', headers: { traceparent } })
      const consumer = compatible().consumer({
        kafkaJS: { groupId, clientId: 'other', maxWaitTimeInMs: 50 },
      })
      await consumer.connect()
      await consumer.subscribe({ topic })
      await new Promise<void>((resolve, reject) => {
        consumer.run({ [way]: async () => resolve() }).catch(reject)
      })
      await consumer.disconnect()

      const [span, ...others] = harness.recorder.spans()
      expect(others).toEqual([])
      expect(described(span)).toMatchObject({
        name: `process ${topic}`,
        kind: SpanKind.CONSUMER,
        links: [{ span: 'b7ad6b7169203331' }],
        attributes: {
          'messaging.consumer.group.name': groupId,
          'messaging.client.id': 'other',
          'kafka.offset': 0,
        },
      })
    },
    BROKER_TIME,
  )

  it(
    'has its commits traced, though it reports none',
    async () => {
      const topic = await harness.topic()
      const groupId = unique('group')
      await harness.write(topic, { value: 'v' })
      const consumer = compatible({ commitSpans: true }).consumer({
        kafkaJS: { groupId, clientId: 'other', maxWaitTimeInMs: 50 },
      })
      await consumer.connect()
      await consumer.subscribe({ topic })
      await new Promise<void>((resolve, reject) => {
        consumer.run({ autoCommit: false, eachMessage: async () => resolve() }).catch(reject)
      })
      await consumer.commitOffsets([{ topic, partition: 0, offset: '1' }])
      await consumer.disconnect()

      const [, commit, ...others] = harness.recorder.spans()
      expect(others).toEqual([])
      expect(described(commit)).toMatchObject({
        name: `commit ${topic}`,
        kind: SpanKind.CLIENT,
        status: { code: SpanStatusCode.UNSET },
        parent: undefined,
      })
      expect(commit?.attributes).toEqual({
        'messaging.system.name': 'kafka',
        'messaging.operation.name': 'commit',
        'messaging.operation.type': 'settle',
        'messaging.destination.name': topic,
        'messaging.destination.partition.id': '0',
        'messaging.consumer.group.name': groupId,
        'messaging.client.id': 'other',
        'kafka.offset': 1,
      })
    },
    BROKER_TIME,
  )

  it(
    'names the group of the offsets it commits by their consumer',
    async () => {
      const topic = await harness.topic()
      const groupId = unique('group')
      const kafka = compatible({ commitSpans: true })
      const consumer = kafka.consumer({ kafkaJS: { groupId } })
      const stranger = new CompatibleKafka(harness.bare()).consumer({ kafkaJS: { groupId } })
      const producer = kafka.producer({
        kafkaJS: { transactionalId: unique('transaction'), clientId: 'other' },
      })
      await producer.connect()
      await producer.transaction()
      const topics = [{ topic, partitions: [{ partition: 0, offset: '1' }] }]
      await producer.sendOffsets({ consumer, topics })
      await producer.sendOffsets({ consumer: stranger, topics })
      await producer.commit()
      await producer.disconnect()

      const [commit, unknown, whole, ...others] = harness.recorder.spans()
      expect(others).toEqual([])
      expect(described(commit)).toMatchObject({
        name: `commit ${topic}`,
        kind: SpanKind.CLIENT,
        status: { code: SpanStatusCode.UNSET },
        parent: whole?.spanContext().spanId,
      })
      const attributes = {
        'messaging.system.name': 'kafka',
        'messaging.operation.name': 'commit',
        'messaging.operation.type': 'settle',
        'messaging.destination.name': topic,
        'messaging.destination.partition.id': '0',
        'messaging.client.id': 'other',
        'kafka.offset': 1,
      }
      expect(commit?.attributes).toEqual({ ...attributes, 'messaging.consumer.group.name': groupId })
      expect(unknown?.attributes).toEqual(attributes)
    },
    BROKER_TIME,
  )

  it.each([
    [-184, 'ERR__QUEUE_FULL'],
    [10, 'ERR_MSG_SIZE_TOO_LARGE'],
    [4711, 'LibrdKafkaError'],
  ])(
    'names the error %s by the list of its library: %s',
    async (code, name) => {
      const topic = await harness.topic()
      const error = new LibrdKafkaError('what went wrong', code)
      await withProducer(async producer => {
        producer.refusal = error
        await expect(producer.send({ topic, messages: [{ value: 'v' }] })).rejects.toBe(error)
      })

      const [send, ...others] = harness.recorder.spans()
      expect(others).toEqual([])
      expect(described(send)).toMatchObject({
        name: `send ${topic}`,
        kind: SpanKind.PRODUCER,
        status: { code: SpanStatusCode.ERROR },
        attributes: { 'error.type': name },
        parent: undefined,
      })
    },
    BROKER_TIME,
  )
})
