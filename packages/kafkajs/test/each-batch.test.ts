import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'

import { BROKER_TIME, described, Harness, pointsOf, runUntil } from './harness.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const carried = (span: string): { traceparent: string } => ({ traceparent: `00-${TRACE}-${span}-01` })

const queued = { 'spanwright.messaging.queue_time': expect.any(Number) }

const harness = new Harness()

describe('eachBatch', () => {
  it(
    'makes one CONSUMER span per batch in a trace of its own, with a link per message that carries a context',
    async () => {
      const { topic, groupId, consumer } = await harness.delivery([
        { value: '0', headers: carried('1111111111111111') },
        { value: '1' },
        { value: null, headers: carried('2222222222222222') },
      ])

      await runUntil(consumer, done => ({ eachBatch: async () => done() }))

      const [span, ...others] = harness.recorder.spans()
      expect(others).toEqual([])
      expect(described(span)).toEqual({
        name: `process ${topic}`,
        kind: SpanKind.CONSUMER,
        status: { code: SpanStatusCode.UNSET },
        attributes: {
          ...harness.processAttributes(topic, groupId),
          'messaging.batch.message_count': 3,
        },
        events: [],
        links: [
          { span: '1111111111111111', trace: TRACE, attributes: { 'kafka.offset': 0, ...queued } },
          {
            span: '2222222222222222',
            trace: TRACE,
            attributes: { 'kafka.offset': 2, 'kafka.message.tombstone': true, ...queued },
          },
        ],
        parent: undefined,
        trace: expect.not.stringContaining(TRACE),
      })
    },
    BROKER_TIME,
  )

  it(
    'tells the offset of a batch of one on the span',
    async () => {
      const { consumer } = await harness.delivery([{ value: 'v', headers: carried('1111111111111111') }])

      await runUntil(consumer, done => ({ eachBatch: async () => done() }))

      const [span] = harness.recorder.spans()
      expect(span?.attributes).toMatchObject({ 'messaging.batch.message_count': 1, 'kafka.offset': 0 })
      expect(described(span)).toMatchObject({
        links: [{ span: '1111111111111111', trace: TRACE, attributes: {} }],
      })
    },
    BROKER_TIME,
  )

  it(
    'hands the handler the payload of kafkajs, working as ever',
    async () => {
      const { topic, groupId, consumer } = await harness.delivery([{ value: '0' }, { value: '1' }])

      await runUntil(consumer, done => ({
        eachBatchAutoResolve: false,
        eachBatch: async payload => {
          expect(payload.isRunning()).toBe(true)
          expect(payload.isStale()).toBe(false)
          payload.resolveOffset('0')
          await payload.commitOffsetsIfNecessary({
            topics: [{ topic, partitions: [{ partition: 0, offset: '1' }] }],
          })
          done()
        },
      }))

      const admin = harness.bare().admin()
      await admin.connect()
      const offsets = await admin.fetchOffsets({ groupId, topics: [topic] })
      await admin.disconnect()
      expect(offsets).toMatchObject([{ partitions: [{ partition: 0, offset: '1' }] }])
    },
    BROKER_TIME,
  )

  it(
    'counts the messages and measures the batch once',
    async () => {
      const { topic, consumer } = await harness.delivery([{ value: '1' }, { value: '2' }])

      await runUntil(consumer, done => ({ eachBatch: async () => done() }))

      const valueOf = async (name: string): Promise<number[]> =>
        (await pointsOf(harness.recorder, name))
          .filter(({ attributes }) => attributes['messaging.destination.name'] === topic)
          .map(({ value }) => value)
      expect(await valueOf('messaging.client.consumed.messages')).toEqual([2])
      expect(await valueOf('messaging.process.duration')).toEqual([1])
    },
    BROKER_TIME,
  )
})
