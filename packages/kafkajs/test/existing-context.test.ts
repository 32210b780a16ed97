import { SpanKind } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import type { KafkaMessage, Message } from 'kafkajs'

import { BROKER_TIME, described, Harness, runUntil, textOf } from './harness.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'
const traceparent = `00-${TRACE}-${SPAN}-01`
const link = { span: SPAN, trace: TRACE, attributes: {} }

const harness = new Harness()

describe("existingContext: 'replace'", () => {
  it(
    'writes the context of the send over that of the message and links the old one',
    async () => {
      const topic = await harness.topic()
      const producer = await harness.producer(harness.traced({ existingContext: 'replace' }))
      const headers = Object.freeze({ TraceParent: traceparent, tracestate: 'a=1', id: 'x' })

      await producer.send({ topic, messages: [{ value: 'v', headers }] })

      const [send] = harness.recorder.spans()
      expect(described(send)).toMatchObject({ kind: SpanKind.PRODUCER, links: [link] })
      const [message] = await harness.read(topic, 1)
      expect(textOf(message?.headers)).toEqual({
        id: 'x',
        traceparent: expect.stringContaining(send?.spanContext().spanId ?? '?'),
      })
    },
    BROKER_TIME,
  )

  it(
    'leaves the context of the message alone when there is none to write',
    async () => {
      const topic = await harness.topic()
      const kafka = harness.traced({ existingContext: 'replace', requireParent: true })
      const producer = await harness.producer(kafka)

      await producer.send({ topic, messages: [{ value: 'v', headers: { traceparent } }] })

      const [message] = await harness.read(topic, 1)
      expect(textOf(message?.headers)).toEqual({ traceparent })
      expect(harness.recorder.spans()).toEqual([])
    },
    BROKER_TIME,
  )
})

describe('a forward of the message being processed', () => {
  const forward = ({ key, value, headers }: KafkaMessage): Message => ({
    key,
    value,
    headers: headers ?? {},
  })

  it(
    'carries the context of the forwarding send, which links the old one',
    async () => {
      const [from, to] = [await harness.topic(), await harness.topic()]
      await harness.write(from, { value: 'v', headers: { traceparent, id: 'x' } })
      const kafka = harness.traced()
      const producer = await harness.producer(kafka)
      const consumer = await harness.consumer(kafka, from)

      await runUntil(consumer, done => ({
        eachMessage: async ({ message }) => {
          await producer.send({ topic: to, messages: [forward(message)] })
          done()
        },
      }))

      const [send, process] = harness.recorder.spans()
      expect(described(send)).toMatchObject({
        name: `send ${to}`,
        kind: SpanKind.PRODUCER,
        parent: process?.spanContext().spanId,
        trace: TRACE,
        links: [link],
      })
      const [message] = await harness.read(to, 1)
      expect(textOf(message?.headers)).toEqual({
        id: 'x',
        traceparent: `00-${TRACE}-${send?.spanContext().spanId}-01`,
      })
    },
    BROKER_TIME,
  )

  it(
    'is one from a batch as well, with or without traceEach',
    async () => {
      const [from, to] = [await harness.topic(), await harness.topic()]
      await harness.write(
        from,
        { value: '0', headers: { traceparent } },
        { value: '1', headers: { traceparent } },
      )
      const kafka = harness.traced()
      const producer = await harness.producer(kafka)
      const consumer = await harness.consumer(kafka, from)

      await runUntil(consumer, done => ({
        eachBatch: async ({ batch, traceEach }) => {
          const [first, second] = batch.messages as [KafkaMessage, KafkaMessage]
          await producer.send({ topic: to, messages: [forward(first)] })
          await traceEach(second, () => producer.send({ topic: to, messages: [forward(second)] }))
          done()
        },
      }))

      const sends = harness.recorder.spans().filter(({ name }) => name.startsWith('send'))
      expect(sends.map(described)).toMatchObject([
        { kind: SpanKind.PRODUCER, links: [link] },
        { kind: SpanKind.PRODUCER, links: [link] },
      ])
    },
    BROKER_TIME,
  )

  it(
    'is none when the context is that of another message',
    async () => {
      const [from, to] = [await harness.topic(), await harness.topic()]
      await harness.write(from, { value: 'v', headers: { traceparent } })
      const other = traceparent.replace(SPAN, 'aaaaaaaaaaaaaaaa')
      const kafka = harness.traced()
      const producer = await harness.producer(kafka)
      const consumer = await harness.consumer(kafka, from)

      await runUntil(consumer, done => ({
        eachMessage: async () => {
          await producer.send({ topic: to, messages: [{ value: 'v', headers: { traceparent: other } }] })
          done()
        },
      }))

      const [send] = harness.recorder.spans()
      expect(described(send)).toMatchObject({ kind: SpanKind.CLIENT })
      const [message] = await harness.read(to, 1)
      expect(textOf(message?.headers)).toEqual({ traceparent: other })
    },
    BROKER_TIME,
  )
})

describe('inject: false', () => {
  it(
    'writes nothing into the messages',
    async () => {
      const topic = await harness.topic()
      const producer = await harness.producer(harness.traced({ inject: false, messageSpans: true }))

      await producer.send({ topic, messages: [{ value: 'v' }, { value: 'w', headers: { traceparent } }] })

      expect(harness.recorder.spans().map(described)).toMatchObject([
        { name: `send ${topic}`, kind: SpanKind.CLIENT, links: [link] },
      ])
      const read = (await harness.read(topic, 2)).map(({ headers }) => textOf(headers))
      expect(read).toEqual([{}, { traceparent }])
    },
    BROKER_TIME,
  )
})

describe('messageSpans', () => {
  it(
    'gives every message a span and a context of its own, which the span of the send links',
    async () => {
      const topic = await harness.topic()
      const producer = await harness.producer(harness.traced({ messageSpans: true }))

      await producer.send({
        topic,
        messages: [
          { value: '0', partition: 0 },
          { value: '1', headers: { traceparent } },
          { value: null, partition: 0 },
        ],
      })

      const [first, second, send, ...others] = harness.recorder.spans()
      expect(others).toEqual([])
      const id = (span: typeof first): string => span?.spanContext().spanId ?? '?'
      expect(described(first)).toMatchObject({
        name: `create ${topic}`,
        kind: SpanKind.PRODUCER,
        parent: undefined,
        links: [],
      })
      expect(first?.attributes).toEqual({
        'messaging.system.name': 'kafka',
        'messaging.operation.name': 'create',
        'messaging.operation.type': 'create',
        'messaging.destination.name': topic,
        'messaging.destination.partition.id': '0',
        'messaging.client.id': 'shop',
      })
      expect(second?.attributes).toMatchObject({ 'kafka.message.tombstone': true })
      expect(described(send)).toMatchObject({
        name: `send ${topic}`,
        kind: SpanKind.CLIENT,
        attributes: { 'messaging.batch.message_count': 3 },
        links: [{ span: id(first) }, link, { span: id(second) }],
      })
      const read = (await harness.read(topic, 3)).map(({ headers }) => textOf(headers)['traceparent'])
      expect(read).toEqual([
        expect.stringContaining(id(first)),
        traceparent,
        expect.stringContaining(id(second)),
      ])
    },
    BROKER_TIME,
  )
})
