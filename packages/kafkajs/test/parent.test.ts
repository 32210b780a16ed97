import { propagation, trace } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { type KafkaOperation, type ParentPolicy } from '@spanwright/kafkajs'

import { BROKER_TIME, described, Harness, runUntil } from './harness.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'
const headers = { traceparent: `00-${TRACE}-${SPAN}-01`, baggage: 'tenant=acme' }
const link = { span: SPAN, trace: TRACE, attributes: {} }

const harness = new Harness()

describe('the parent of a processed message', () => {
  it(
    "is none with parent: 'link', but the link and the baggage are there",
    async () => {
      const { consumer } = await harness.delivery([{ value: 'v', headers }], { parent: 'link' })

      let tenant
      let active
      await runUntil(consumer, done => ({
        eachMessage: async () => {
          tenant = propagation.getActiveBaggage()?.getEntry('tenant')?.value
          active = trace.getActiveSpan()?.spanContext()
          done()
        },
      }))

      const [span] = harness.recorder.spans()
      expect(described(span)).toMatchObject({ parent: undefined, links: [link] })
      expect(span?.spanContext().traceId).not.toBe(TRACE)
      expect(active).toEqual(span?.spanContext())
      expect(tenant).toBe('acme')
    },
    BROKER_TIME,
  )

  it(
    'is chosen for each message by a function',
    async () => {
      const topic = await harness.topic()
      await harness.write(
        topic,
        { key: 'link', value: '0', headers },
        { key: 'message', value: '1', headers },
      )
      const shown: KafkaOperation[] = []
      const parent = (operation: KafkaOperation): ParentPolicy => {
        shown.push(operation)
        return String(operation.message?.key) === 'link' ? 'link' : 'message'
      }
      const consumer = await harness.consumer(harness.traced({ parent }), topic, { groupId: 'g' })

      await runUntil(consumer, done => ({
        eachMessage: async ({ message }) => {
          if (message.offset === '1') done()
        },
      }))

      expect(harness.recorder.spans().map(described)).toMatchObject([
        { parent: undefined, links: [link] },
        { parent: SPAN, links: [link] },
      ])
      expect(shown[0]).toEqual({
        topic,
        partition: 0,
        groupId: 'g',
        message: expect.objectContaining({ offset: '0' }),
      })
    },
    BROKER_TIME,
  )

  it(
    'is chosen in the same way for a message of a batch, which is linked as well',
    async () => {
      const parent = ({ message }: KafkaOperation): ParentPolicy =>
        String(message?.key) === 'link' ? 'link' : 'message'
      const { consumer } = await harness.delivery(
        [
          { key: 'link', value: '0', headers },
          { key: 'message', value: '1', headers },
        ],
        { parent },
      )

      await runUntil(consumer, done => ({
        eachBatch: async ({ batch, traceEach }) => {
          for (const message of batch.messages) traceEach(message, () => undefined)
          done()
        },
      }))

      const [linked, beneath, batch, ...others] = harness.recorder.spans()
      expect(others).toEqual([])
      const toBatch = {
        span: batch?.spanContext().spanId,
        trace: batch?.spanContext().traceId,
        attributes: {},
      }
      expect([linked, beneath].map(described)).toMatchObject([
        { parent: undefined, links: [link, toBatch] },
        { parent: SPAN, trace: TRACE, links: [link, toBatch] },
      ])
      expect([TRACE, batch?.spanContext().traceId]).not.toContain(linked?.spanContext().traceId)
    },
    BROKER_TIME,
  )

  it(
    'is the message when the function throws, and the handler knows nothing of it',
    async () => {
      const parent = (): ParentPolicy => {
        throw new Error('no idea')
      }
      const { consumer } = await harness.delivery([{ value: '0', headers }], { parent })

      await runUntil(consumer, done => ({ eachMessage: async () => done() }))

      expect(harness.recorder.spans().map(described)).toMatchObject([{ parent: SPAN, links: [link] }])
    },
    BROKER_TIME,
  )
})
