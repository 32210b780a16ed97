import { EventEmitter, once } from 'node:events'

import { context, type Span, trace } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { areCollected } from '@spanwright/test-kit'
import type { EachMessagePayload } from 'kafkajs'

import { BROKER_TIME, Harness } from './harness.ts'

const harness = new Harness()

/** Runs work in a span, of which only a weak reference is left. */
async function inSpan(work: () => Promise<void>): Promise<WeakRef<Span>> {
  const span = harness.recorder.tracerProvider.getTracer('app').startSpan('app')
  await context.with(trace.setSpan(context.active(), span), work)
  span.end()
  return new WeakRef(span)
}

describe('what lives long', () => {
  it(
    'holds on to no span: neither that of the caller, nor those of sends, messages and transactions',
    async () => {
      const topic = await harness.topic()
      const references: WeakRef<object>[] = []
      // Under another name than the broker gives itself: then kafkajs connects to it again as it sends.
      const brokers = harness.service.brokers.map(broker => broker.replace('127.0.0.1', 'localhost'))
      const onStart = (span: Span): void => void references.push(new WeakRef(span))
      const kafka = harness.traced({ onStart }, { brokers })
      const createPartitioner = () => () => 0
      const producer = kafka.producer({ createPartitioner })
      const transactional = kafka.producer({ createPartitioner, transactionalId: topic })
      const consumer = kafka.consumer({ groupId: topic, maxWaitTimeInMs: 50 })

      // Created out here, because a promise retains the span in which it is created.
      const seen = new EventEmitter()
      const done = once(seen, 'last')
      const eachMessage = async ({ message }: EachMessagePayload): Promise<void> => {
        if (message.offset === '1') seen.emit('last')
      }

      // All connections are opened in here, and stay open.
      references.push(
        await inSpan(async () => {
          await producer.connect()
          await producer.send({ topic, messages: [{ value: '0' }] })
          await transactional.connect()
          const transaction = await transactional.transaction()
          await transaction.send({ topic, messages: [{ value: '1' }] })
          await transaction.commit()
        }),
        await inSpan(async () => {
          await consumer.connect()
          await consumer.subscribe({ topic, fromBeginning: true })
          await consumer.run({ eachMessage })
        }),
      )
      await done
      expect(references).toHaveLength(6)
      await harness.recorder.reset()

      const collected = await areCollected(references)
      await Promise.all([consumer, producer, transactional].map(one => one.disconnect()))
      expect(collected).toBe(true)
    },
    BROKER_TIME,
  )
})
