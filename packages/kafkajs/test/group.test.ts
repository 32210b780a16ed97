import { context, type HrTime, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { describe, expect, it } from '@jest/globals'
import { collectDiag } from '@spanwright/test-kit'

import type { TracedConsumer } from '@spanwright/kafkajs'
import type { Consumer } from 'kafkajs'

import { BROKER_TIME, described, Harness, pointsOf, runUntil, unique } from './harness.ts'

const harness = new Harness()

function commits(): ReadableSpan[] {
  return harness.recorder.spans().filter(({ name }) => name.startsWith('commit'))
}

/** Milliseconds. */
function timeOf([seconds, nanoseconds]: HrTime = [0, 0]): number {
  return seconds * 1000 + nanoseconds / 1e6
}

describe('commitSpans', () => {
  it(
    'is off: commits are not traced',
    async () => {
      const { topic, consumer } = await harness.delivery([{ value: '0' }])
      await runUntil(consumer, done => ({ eachMessage: async () => done() }))

      expect(harness.recorder.spans().map(({ name }) => name)).toEqual([`process ${topic}`])
    },
    BROKER_TIME,
  )

  it(
    'makes a CLIENT span of what kafkajs commits by itself',
    async () => {
      const { topic, groupId, consumer } = await harness.delivery([{ value: '0' }, { value: '1' }], {
        commitSpans: true,
      })
      await runUntil(consumer, done => ({
        eachMessage: async ({ message }) => {
          if (message.offset === '1') done()
        },
      }))

      const [commit, ...others] = commits()
      expect(others).toEqual([])
      expect(described(commit)).toEqual({
        name: `commit ${topic}`,
        kind: SpanKind.CLIENT,
        status: { code: SpanStatusCode.UNSET },
        attributes: {
          'messaging.system.name': 'kafka',
          'messaging.operation.name': 'commit',
          'messaging.operation.type': 'settle',
          'messaging.destination.name': topic,
          'messaging.destination.partition.id': '0',
          'messaging.consumer.group.name': groupId,
          'messaging.client.id': 'shop',
          'kafka.cluster.id': expect.any(String),
          'kafka.offset': 2,
          'server.address': expect.any(String),
          'server.port': expect.any(Number),
        },
        events: [],
        links: [],
        parent: undefined,
        trace: expect.any(String),
      })
      const measured = await pointsOf(harness.recorder, 'messaging.client.operation.duration')
      expect(measured).toMatchObject([{ attributes: { 'messaging.operation.name': 'commit' }, value: 1 }])
    },
    BROKER_TIME,
  )

  it(
    'puts what a handler commits beneath the span of the handler, and tells when it fails',
    async () => {
      const { topic, consumer } = await harness.delivery([{ value: '0' }], { commitSpans: true })
      let failure: unknown
      await runUntil(consumer, done => ({
        autoCommit: false,
        eachBatch: async ({ commitOffsetsIfNecessary }) => {
          const at = (offset: string): { topic: string; partition: number; offset: string } => ({
            topic,
            partition: 0,
            offset,
          })
          await consumer.commitOffsets([at('1')])
          await commitOffsetsIfNecessary({ topics: [{ topic, partitions: [at('1')] }] })
          await consumer.commitOffsets([at('-5')]).catch(error => {
            failure = error
          })
          done()
        },
      }))

      const [batch] = harness.recorder.spans().filter(({ name }) => name.startsWith('process'))
      expect(commits().map(described)).toMatchObject(
        [SpanStatusCode.UNSET, SpanStatusCode.UNSET, SpanStatusCode.ERROR].map(code => ({
          name: `commit ${topic}`,
          status: { code },
          parent: batch?.spanContext().spanId,
        })),
      )
      expect(commits()[2]?.attributes).toMatchObject({ 'error.type': 'KafkaJSNonRetriableError' })
      expect(failure).toMatchObject({ message: 'Offset must not be a negative number' })
    },
    BROKER_TIME,
  )

  it(
    'tells of commits under way at the same time when each began',
    async () => {
      const { topic, consumer } = await harness.delivery([{ value: '0' }], { commitSpans: true })
      const apart = 50
      await runUntil(consumer, done => ({
        autoCommit: false,
        eachBatch: async () => {
          const offsets = [{ topic, partition: 0, offset: '1' }]
          const first = consumer.commitOffsets(offsets)
          const until = performance.now() + apart
          while (performance.now() < until);
          await Promise.all([first, consumer.commitOffsets(offsets)])
          done()
        },
      }))

      const [first, second, ...others] = commits()
      expect(others).toEqual([])
      const [one = 0, other = 0] = [first, second].map(span => timeOf(span?.startTime))
      expect(other - one).toBeGreaterThanOrEqual(apart - 1)
      expect([first, second].map(span => span?.attributes)).toEqual(
        [1, 2].map(() => expect.objectContaining({ 'kafka.offset': 1, 'server.port': expect.any(Number) })),
      )
    },
    BROKER_TIME,
  )

  it(
    'lets kafkajs take, or refuse, whatever a handler commits',
    async () => {
      const topic = await harness.topic()
      await harness.write(topic, { value: '0' })
      const batches = [{}, { topics: null }, { topics: [null] }, { topics: [{ topic }] }, 5]
      const lists = [null, 5, [null], [{}], [{ topic }], [{ topic, partition: 0, offset: 'soon' }]]
      const answersOf = async (consumer: TracedConsumer<Consumer>): Promise<unknown[]> => {
        const answers: unknown[] = []
        const note = (work: () => Promise<void>): Promise<unknown> =>
          work().then(
            () => answers.push('taken'),
            (error: Error) => answers.push(error.name),
          )
        await runUntil(consumer, done => ({
          autoCommit: false,
          eachBatch: async ({ commitOffsetsIfNecessary }) => {
            for (const one of batches) await note(async () => commitOffsetsIfNecessary(one as never))
            for (const one of lists) await note(async () => consumer.commitOffsets(one as never))
            done()
          },
        }))
        return answers
      }

      const bare = await answersOf(await harness.consumer(harness.bare(), topic))
      const traced = await answersOf(await harness.consumer(harness.traced({ commitSpans: true }), topic))

      expect(traced).toEqual(bare)
      const failed = traced.filter(answer => answer !== 'taken')
      expect(commits().map(({ status, attributes }) => [status.code, attributes['error.type']])).toEqual(
        failed.map(name => [SpanStatusCode.ERROR, name]),
      )
      for (const { attributes } of commits()) expect(attributes).not.toHaveProperty(['kafka.offset'])
    },
    BROKER_TIME,
  )
})

describe('rebalanceEvents', () => {
  it(
    'tells what becomes of the membership: on the active span, otherwise to diag',
    async () => {
      const { calls, stop } = collectDiag('info')
      const topic = await harness.topic()
      const groupId = unique('group')
      const consumer = await harness.consumer(harness.traced({ rebalanceEvents: true }), topic, {
        groupId,
      })
      const tracer = harness.recorder.tracerProvider.getTracer('app')
      await consumer.run({ eachMessage: async () => undefined })
      const span = tracer.startSpan('shut down')
      await context.with(trace.setSpan(context.active(), span), () => consumer.stop())
      span.end()

      const attributes = { 'messaging.consumer.group.name': groupId }
      stop()
      expect(calls).toContainEqual(['spanwright: spanwright.messaging.group.join', attributes])
      const [shutDown] = harness.recorder.spans()
      expect(described(shutDown)).toMatchObject({
        events: [{ name: 'spanwright.messaging.group.leave', attributes }],
      })
    },
    BROKER_TIME,
  )
})
