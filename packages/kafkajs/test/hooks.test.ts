import { context, trace } from '@opentelemetry/api'
import { isTracingSuppressed, suppressTracing } from '@spanwright/core/plugin'
import { describe, expect, it } from '@jest/globals'
import { collectDiag } from '@spanwright/test-kit'
import type { KafkaOperation } from '@spanwright/kafkajs'

import { BROKER_TIME, Harness, pointsOf, runUntil, textOf } from './harness.ts'

const harness = new Harness()

describe('hooks', () => {
  it(
    'are shown what is sent and what is processed',
    async () => {
      const topic = await harness.topic()
      const shown: [string, KafkaOperation][] = []
      const kafka = harness.traced({
        attributes: operation => {
          shown.push(['attributes', operation])
          return { 'shop.topic': operation.topic }
        },
        onStart: (_span, operation) => void shown.push(['onStart', operation]),
        onEnd: (span, operation, outcome) => {
          shown.push(['onEnd', operation])
          span.setAttribute('shop.ms', outcome.durationMs)
        },
      })
      const producer = await harness.producer(kafka)
      const messages = [{ key: 'k', value: 'v' }]
      await producer.send({ topic, messages })
      const consumer = await harness.consumer(kafka, topic, { groupId: 'g' })
      await runUntil(consumer, done => ({ eachMessage: async () => done() }))
      const batches = await harness.consumer(kafka, topic, { groupId: 'h' })
      await runUntil(batches, done => ({ eachBatch: async () => done() }))

      const sent = { topic, messages, message: messages[0] }
      const message = expect.objectContaining({ key: Buffer.from('k'), offset: '0' })
      const processed = { topic, partition: 0, groupId: 'g', message }
      const batch = { topic, partition: 0, groupId: 'h', messages: [message] }
      expect(shown).toEqual(
        [sent, processed, batch].flatMap(operation => [
          ['attributes', operation],
          ['onStart', operation],
          ['onEnd', operation],
        ]),
      )
      for (const { attributes } of harness.recorder.spans()) {
        expect(attributes).toMatchObject({ 'shop.topic': topic, 'shop.ms': expect.any(Number) })
      }
    },
    BROKER_TIME,
  )

  it(
    'that throw change nothing',
    async () => {
      const { messages, stop } = collectDiag('error')
      const fail = (): never => {
        throw new Error('a hook')
      }
      const topic = await harness.topic()
      const kafka = harness.traced({
        ignore: fail,
        attributes: fail,
        onStart: fail,
        onEnd: fail,
        metrics: { attributes: fail },
      })
      const producer = await harness.producer(kafka)
      await producer.send({ topic, messages: [{ value: 'v' }] })
      const consumer = await harness.consumer(kafka, topic)
      await runUntil(consumer, done => ({ eachMessage: async () => done() }))

      expect(harness.recorder.spans().map(({ name }) => name)).toEqual([`send ${topic}`, `process ${topic}`])
      // Each of them once, for the send and the message alike.
      stop()
      expect(messages).toEqual(
        ['ignore', 'attributes', 'onStart', 'onEnd', 'metrics.attributes'].map(
          hook => `spanwright: hook ${hook} failed`,
        ),
      )
    },
    BROKER_TIME,
  )
})

describe('ignore', () => {
  it(
    'on a send: no span, no metric, nothing written; the other topics of the batch are traced',
    async () => {
      const [quiet, loud] = [await harness.topic(), await harness.topic()]
      const producer = await harness.producer(harness.traced({ ignore: ({ topic }) => topic === quiet }))

      await producer.send({ topic: quiet, messages: [{ value: '0' }] })
      await producer.sendBatch({
        topicMessages: [
          { topic: quiet, messages: [{ value: '1' }] },
          { topic: loud, messages: [{ value: '2' }] },
        ],
      })

      expect(harness.recorder.spans().map(({ name }) => name)).toEqual([`send ${loud}`])
      const counted = await pointsOf(harness.recorder, 'messaging.client.sent.messages')
      expect(counted.map(({ value }) => value)).toEqual([1])
      expect((await harness.read(quiet, 2)).map(({ headers }) => headers)).toEqual([{}, {}])
      expect(textOf((await harness.read(loud, 1))[0]?.headers)).toHaveProperty('traceparent')
    },
    BROKER_TIME,
  )

  it.each(['eachMessage', 'eachBatch'] as const)(
    'on %s: no span, no metric, and none for the work beneath',
    async way => {
      const [from, to] = [await harness.topic(), await harness.topic()]
      await harness.write(from, { value: 'v' })
      const kafka = harness.traced({ ignore: ({ topic }) => topic === from })
      const producer = await harness.producer(kafka)
      const consumer = await harness.consumer(kafka, from)

      let suppressed
      await runUntil(consumer, done => ({
        [way]: async () => {
          suppressed = isTracingSuppressed(context.active())
          await producer.send({ topic: to, messages: [{ value: 'w' }] })
          done()
        },
      }))

      expect(suppressed).toBe(true)
      expect(harness.recorder.spans()).toEqual([])
      expect(await pointsOf(harness.recorder, 'messaging.process.duration')).toEqual([])
    },
    BROKER_TIME,
  )
})

describe('where tracing is suppressed', () => {
  it(
    'a send leaves no trace',
    async () => {
      const topic = await harness.topic()
      const producer = await harness.producer()
      const span = harness.recorder.tracerProvider.getTracer('app').startSpan('app')

      await context.with(suppressTracing(trace.setSpan(context.active(), span)), () =>
        producer.send({ topic, messages: [{ value: 'v' }] }),
      )

      expect(harness.recorder.spans()).toEqual([])
      expect((await harness.read(topic, 1))[0]?.headers).toEqual({})
    },
    BROKER_TIME,
  )
})

describe('requireParent', () => {
  it(
    'traces what belongs to a trace, and nothing else',
    async () => {
      const topic = await harness.topic()
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
      await harness.write(topic, { value: '0' }, { value: '1', headers: { traceparent } })
      const kafka = harness.traced({ requireParent: true })
      const consumer = await harness.consumer(kafka, topic)
      const producer = await harness.producer(kafka)
      await producer.send({ topic, messages: [{ value: '2' }] })

      await runUntil(consumer, done => ({
        eachMessage: async ({ message }) => {
          if (message.offset === '2') done()
        },
      }))

      expect(harness.recorder.spans().map(({ attributes }) => attributes['kafka.offset'])).toEqual([1])
    },
    BROKER_TIME,
  )
})
