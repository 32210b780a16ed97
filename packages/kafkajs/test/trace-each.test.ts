import { setTimeout } from 'node:timers/promises'

import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { suppressTracing } from '@spanwright/core/plugin'
import { traceEach as importedTraceEach } from '@spanwright/kafkajs'
import type { Kafka } from 'kafkajs'

import { BROKER_TIME, described, Harness, pointsOf, runUntil, durationOf, startOf } from './harness.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'
const headers = { traceparent: `00-${TRACE}-${SPAN}-01`, baggage: 'tenant=acme' }

const harness = new Harness()

async function valuesOf(name: string): Promise<number[]> {
  return (await pointsOf(harness.recorder, name)).map(({ value }) => value)
}

describe('traceEach', () => {
  it(
    'runs one message in a span of its own: its parent and baggage, linked to its batch, with its own times',
    async () => {
      const { topic, groupId, consumer } = await harness.delivery([{ value: '0', headers }, { value: '1' }])

      const results: unknown[] = []
      let active
      let tenant
      await runUntil(consumer, done => ({
        eachBatch: async ({ batch, traceEach }) => {
          for (const message of batch.messages) {
            const result = await traceEach(message, async () => {
              active ??= trace.getSpan(context.active())?.spanContext()
              tenant ??= propagation.getActiveBaggage()?.getEntry('tenant')?.value
              if (message.offset === '0') await setTimeout(25)
              return message.offset
            })
            results.push(result)
          }
          done()
        },
      }))

      const [first, second, batch] = harness.recorder.spans() as [ReadableSpan, ReadableSpan, ReadableSpan]
      const toBatch = {
        span: batch.spanContext().spanId,
        trace: batch.spanContext().traceId,
        attributes: {},
      }
      expect(described(first)).toEqual({
        name: `process ${topic}`,
        kind: SpanKind.CONSUMER,
        status: { code: SpanStatusCode.UNSET },
        attributes: { ...harness.processAttributes(topic, groupId), 'kafka.offset': 0 },
        events: [],
        links: [{ span: SPAN, trace: TRACE, attributes: {} }, toBatch],
        parent: SPAN,
        trace: TRACE,
      })
      expect(described(second)).toMatchObject({ parent: undefined, links: [toBatch] })
      expect(durationOf(first)).toBeGreaterThan(20)
      // The second one starts when the first one is done, and not when the batch began.
      expect(startOf(second)).toBeGreaterThanOrEqual(startOf(first) + 20)
      expect(durationOf(batch)).toBeGreaterThan(durationOf(first) + durationOf(second))
      expect([results, active, tenant]).toEqual([['0', '1'], first.spanContext(), 'acme'])
      expect(await valuesOf('messaging.process.duration')).toEqual([2])
      expect(await valuesOf('messaging.client.consumed.messages')).toEqual([2])
    },
    BROKER_TIME,
  )

  it(
    'is there as an import too, for a client whose type is Kafka',
    async () => {
      const { topic, groupId } = await harness.delivery([{ value: '0', headers }])
      const kafka: Kafka = harness.traced()
      const consumer = await harness.consumer(kafka, topic, { groupId: `${groupId}-import` })

      const results: unknown[] = []
      await runUntil(consumer, done => ({
        eachBatch: async payload => {
          for (const message of payload.batch.messages) {
            results.push(importedTraceEach(payload, message, () => trace.getActiveSpan()?.spanContext()))
          }
          done()
        },
      }))

      const [process, batch] = harness.recorder.spans() as [ReadableSpan, ReadableSpan]
      expect(described(process)).toEqual({
        name: `process ${topic}`,
        kind: SpanKind.CONSUMER,
        status: { code: SpanStatusCode.UNSET },
        attributes: { ...harness.processAttributes(topic, `${groupId}-import`), 'kafka.offset': 0 },
        events: [],
        links: [
          { span: SPAN, trace: TRACE, attributes: {} },
          { span: batch.spanContext().spanId, trace: batch.spanContext().traceId, attributes: {} },
        ],
        parent: SPAN,
        trace: TRACE,
      })
      expect(results).toEqual([process.spanContext()])
    },
    BROKER_TIME,
  )

  it('as an import only runs the work on a batch of an untraced consumer', () => {
    const message = { value: Buffer.from('0'), headers } as never
    expect(importedTraceEach({ batch: { messages: [message] } }, message, () => 'done')).toBe('done')
    expect(harness.recorder.spans()).toEqual([])
  })

  it(
    'returns what the function returns and throws what it throws, at once where it does so at once',
    async () => {
      const { consumer } = await harness.delivery([{ value: '0' }])

      const seen: unknown[] = []
      await runUntil(consumer, done => ({
        eachBatch: async ({ batch, traceEach }) => {
          for (const message of batch.messages) {
            seen.push(traceEach(message, () => 'plain'))
            try {
              traceEach(message, () => {
                throw new RangeError('at once')
              })
            } catch (error) {
              seen.push(error)
            }
            await traceEach(message, () => Promise.reject(new TypeError('later'))).catch(error =>
              seen.push(error),
            )
            await traceEach(message, () => Promise.reject(null)).catch(error => seen.push(error))
          }
          done()
        },
      }))

      expect(seen).toEqual(['plain', new RangeError('at once'), new TypeError('later'), null])
      expect(harness.recorder.spans().map(({ attributes }) => attributes['error.type'])).toEqual([
        undefined,
        'RangeError',
        'TypeError',
        '_OTHER',
        undefined,
      ])
      expect(harness.recorder.open()).toEqual([])
    },
    BROKER_TIME,
  )

  it(
    'leaves the batch to be measured once when it traces nothing of it',
    async () => {
      const topic = await harness.topic()
      await harness.write(topic, { value: '0', headers })
      const kafka = harness.traced({ ignore: ({ message }) => message !== undefined })
      const consumer = await harness.consumer(kafka, topic)

      await runUntil(consumer, done => ({
        eachBatch: async ({ batch, traceEach }) => {
          for (const message of batch.messages) traceEach(message, () => undefined)
          done()
        },
      }))

      expect(harness.recorder.spans()).toHaveLength(1)
      expect(await valuesOf('messaging.process.duration')).toEqual([1])
      expect(await valuesOf('spanwright.messaging.queue.duration')).toEqual([1])
    },
    BROKER_TIME,
  )

  it(
    'works as well in a consumer that was started where tracing is suppressed',
    async () => {
      const { consumer } = await harness.delivery([{ value: '0', headers }])

      const results: unknown[] = []
      await context.with(suppressTracing(context.active()), () =>
        runUntil(consumer, done => ({
          eachBatch: async ({ batch, traceEach }) => {
            for (const message of batch.messages) results.push(traceEach(message, () => message.offset))
            done()
          },
        })),
      )

      expect(results).toEqual(['0'])
      expect(harness.recorder.spans()).toEqual([])
    },
    BROKER_TIME,
  )

  it(
    'works as well where nothing is traced',
    async () => {
      const { consumer } = await harness.delivery([{ value: '0', headers }], { ignore: () => true })

      let result
      await runUntil(consumer, done => ({
        eachBatch: async ({ batch, traceEach }) => {
          for (const message of batch.messages) result = traceEach(message, () => message.offset)
          done()
        },
      }))

      expect(result).toBe('0')
      expect(harness.recorder.spans()).toEqual([])
    },
    BROKER_TIME,
  )
})
