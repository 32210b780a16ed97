import { context, trace, TraceFlags } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { traceKafka } from '@spanwright/kafkajs'

import { BROKER_TIME, Harness, runUntil, textOf } from './harness.ts'

const harness = new Harness()

const traceId = '0af7651916cd43dd8448eb211c80319c'
const spanId = 'b7ad6b7169203331'

describe('where no SDK is registered', () => {
  it(
    'messages and handlers are left as they are',
    async () => {
      const topic = await harness.topic()
      const kafka = traceKafka(harness.bare())
      const producer = await harness.producer(kafka)
      await producer.send({ topic, messages: [{ value: 'v', headers: { id: 'x' } }] })
      const consumer = await harness.consumer(kafka, topic)

      let headers
      let each
      await runUntil(consumer, done => ({
        eachBatch: async ({ batch, traceEach }) => {
          for (const message of batch.messages) each = traceEach(message, () => textOf(message.headers))
          headers = batch.messages.map(message => textOf(message.headers))
          done()
        },
      }))

      expect(headers).toEqual([{ id: 'x' }])
      expect(each).toEqual({ id: 'x' })
    },
    BROKER_TIME,
  )

  it(
    'a trace is still passed on to the next service',
    async () => {
      const [from, to] = [await harness.topic(), await harness.topic()]
      const kafka = traceKafka(harness.bare(), { propagator: harness.recorder.propagator })
      const producer = await harness.producer(kafka)
      const incoming = trace.setSpanContext(context.active(), {
        traceId,
        spanId,
        traceFlags: TraceFlags.SAMPLED,
        isRemote: true,
      })
      await context.with(incoming, () => producer.send({ topic: from, messages: [{ value: 'v' }] }))
      const consumer = await harness.consumer(kafka, from)
      await runUntil(consumer, done => ({
        eachMessage: async () => {
          await producer.send({ topic: to, messages: [{ value: 'w' }] })
          done()
        },
      }))

      const [message] = await harness.read(to, 1)
      expect(textOf(message?.headers)).toEqual({ traceparent: `00-${traceId}-${spanId}-01` })
    },
    BROKER_TIME,
  )

  it(
    'hooks are still called for what is sent and processed',
    async () => {
      const topic = await harness.topic()
      const ended: string[] = []
      const kafka = traceKafka(harness.bare(), {
        ignore: ({ messages }) => messages?.length === 2,
        onEnd: (span, { groupId }, { error }) =>
          void ended.push(`${groupId ?? 'sent'} ${span.isRecording()} ${String(error)}`),
      })
      const producer = await harness.producer(kafka)
      await producer.send({ topic, messages: [{ value: 'v' }, { value: 'w' }] })
      await producer.send({ topic, messages: [{ value: 'x' }] })
      const consumer = await harness.consumer(kafka, topic, { groupId: 'told' })
      let seen = 0
      await runUntil(consumer, done => ({
        eachMessage: async () => {
          if (++seen === 3) done()
        },
      }))

      const processed = Array(3).fill('told false undefined')
      expect(ended).toEqual(['sent false undefined', ...processed])
    },
    BROKER_TIME,
  )
})
