import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { SpanStatusCode } from '@opentelemetry/api'
import { startKafkaCluster } from '@spanwright/services'

import { BROKER_TIME, Harness, runUntil } from './harness.ts'

type KafkaCluster = Awaited<ReturnType<typeof startKafkaCluster>>

const harness = new Harness()
let cluster: KafkaCluster

beforeAll(async () => {
  cluster = await startKafkaCluster({ nodes: 3 })
})
afterAll(() => cluster.stop())

/** Address attributes of a broker. */
function addressOf(index: number): object {
  const [host, port] = (cluster.brokers[index] ?? '').split(':')
  return { 'server.address': host, 'server.port': Number(port) }
}

/** The address attributes of the spans so far. */
function addresses(): object[] {
  return harness.recorder
    .spans()
    .map(({ attributes }) =>
      Object.fromEntries(Object.entries(attributes).filter(([name]) => name.startsWith('server.'))),
    )
}

describe('a cluster of several brokers', () => {
  it(
    'has the address of the leader on a send to one partition, and none on a send to several leaders',
    async () => {
      const { brokers } = cluster
      const topic = await harness.topic(3, brokers)
      const producer = await harness.producer(harness.traced({}, { brokers }))

      for (const partitions of [[0], [1], [2, 2], [0, 2]]) {
        await producer.send({ topic, messages: partitions.map(partition => ({ partition, value: 'v' })) })
      }

      expect(addresses()).toEqual([addressOf(0), addressOf(1), addressOf(2), {}])
      expect(harness.recorder.spans().map(({ status }) => status.code)).toEqual(
        [1, 2, 3, 4].map(() => SpanStatusCode.UNSET),
      )
    },
    BROKER_TIME,
  )

  it(
    'has the address of the leader of its partition on each message and batch, and that of the coordinator on commits',
    async () => {
      const { brokers } = cluster
      const topic = await harness.topic(3, brokers)
      const kafka = harness.traced({ commitSpans: true }, { brokers })
      const bare = await harness.producer(harness.bare({ brokers }))
      await bare.send({ topic, messages: [0, 1, 2].map(partition => ({ partition, value: 'v' })) })

      for (const way of ['eachMessage', 'eachBatch']) {
        const consumer = await harness.consumer(kafka, topic)
        let seen = 0
        await runUntil(consumer, done => ({
          autoCommit: false,
          [way]: async () => {
            if (++seen < 3) return
            await consumer.commitOffsets([{ topic, partition: 2, offset: '1' }])
            done()
          },
        }))
        const spans = harness.recorder.spans().map(({ name, attributes }) => ({
          name,
          partition: attributes['messaging.destination.partition.id'],
          'server.address': attributes['server.address'],
          'server.port': attributes['server.port'],
        }))
        const inOrder = spans.toSorted((one, other) =>
          `${one.partition} ${one.name}`.localeCompare(`${other.partition} ${other.name}`),
        )
        expect(inOrder).toEqual([
          { name: `process ${topic}`, partition: '0', ...addressOf(0) },
          { name: `process ${topic}`, partition: '1', ...addressOf(1) },
          { name: `commit ${topic}`, partition: '2', ...addressOf(0) },
          { name: `process ${topic}`, partition: '2', ...addressOf(2) },
        ])
        await harness.recorder.reset()
      }
    },
    BROKER_TIME,
  )

  it(
    'has the address of the new leader when a partition has moved, on the send that found out too',
    async () => {
      const { brokers } = cluster
      const topic = await harness.topic(1, brokers)
      const kafka = harness.traced({}, { brokers })
      const producer = await harness.producer(kafka)
      const consumer = await harness.consumer(kafka, topic)
      await producer.send({ topic, messages: [{ value: '1' }] })

      const values: string[] = []
      await runUntil(consumer, done => ({
        eachMessage: async ({ message }) => {
          values.push(String(message.value))
          if (values.length === 2) return done()
          cluster.moveLeader(topic, 0, brokers.at(1) as string)
          await producer.send({ topic, messages: [{ value: '2' }] })
        },
      }))

      expect(values).toEqual(['1', '2'])
      expect(harness.recorder.spans().map(({ name }) => name)).toEqual([
        `send ${topic}`,
        `send ${topic}`,
        `process ${topic}`,
        `process ${topic}`,
      ])
      expect(addresses()).toEqual([addressOf(0), addressOf(1), addressOf(0), addressOf(1)])
    },
    BROKER_TIME,
  )
})
