import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import type { Message } from 'kafkajs'

import { BROKER_TIME, described, Harness, pointsOf, textOf } from './harness.ts'
import { version } from '../package.json'

const harness = new Harness()

function inSpan<T>(work: () => T): { span: string; trace: string; result: T } {
  const span = harness.recorder.tracerProvider.getTracer('app').startSpan('app')
  const result = context.with(trace.setSpan(context.active(), span), work)
  span.end()
  const { spanId, traceId } = span.spanContext()
  return { span: spanId, trace: traceId, result }
}

function sends(): ReturnType<typeof harness.recorder.spans> {
  return harness.recorder.spans().filter(({ name }) => name.startsWith('send '))
}

describe('send', () => {
  it(
    'makes one PRODUCER span beneath the caller, and every message carries its context',
    async () => {
      const topic = await harness.topic()
      const producer = await harness.producer()
      const messages = [
        { key: 'a', value: '1' },
        { value: '2', headers: { id: 'x' } },
      ]

      const { span, trace: traceId, result } = inSpan(() => producer.send({ topic, messages }))
      expect(await result).toEqual([
        expect.objectContaining({ topicName: topic, partition: 0, errorCode: 0, baseOffset: '0' }),
      ])

      const [send, ...others] = sends()
      expect(others).toEqual([])
      const [, port] = (harness.service.brokers[0] ?? '').split(':')
      expect(described(send)).toEqual({
        name: `send ${topic}`,
        kind: SpanKind.PRODUCER,
        status: { code: SpanStatusCode.UNSET },
        attributes: {
          'messaging.system.name': 'kafka',
          'messaging.operation.name': 'send',
          'messaging.operation.type': 'send',
          'messaging.destination.name': topic,
          'messaging.destination.partition.id': '0',
          'messaging.batch.message_count': 2,
          'messaging.client.id': 'shop',
          'kafka.cluster.id': expect.any(String),
          'server.address': expect.stringMatching(/^(127\.0\.0\.1|localhost)$/),
          'server.port': Number(port),
        },
        events: [],
        links: [],
        parent: span,
        trace: traceId,
      })
      const traceparent = `00-${traceId}-${send?.spanContext().spanId}-01`
      const [first, second] = await harness.read(topic, 2)
      expect(textOf(first?.headers)).toEqual({ traceparent })
      expect(textOf(second?.headers)).toEqual({ id: 'x', traceparent })
      expect(send?.instrumentationScope).toMatchObject({
        name: '@spanwright/kafkajs',
        version,
        schemaUrl: 'https://opentelemetry.io/schemas/1.45.0',
      })
    },
    BROKER_TIME,
  )

  it(
    'tells the offset of a single message, and that it is a tombstone',
    async () => {
      const topic = await harness.topic(3)
      const producer = await harness.producer()

      await producer.send({ topic, messages: [{ key: 'gone', value: null, partition: 2 }] })
      await producer.send({ topic, messages: [{ key: 'gone', value: null, partition: 2 }] })
      await producer.send({ topic, messages: [0, 1].map(partition => ({ value: 'x', partition })) })

      const [first, second, both] = sends().map(({ attributes }) => attributes)
      expect(first).not.toHaveProperty(['messaging.batch.message_count'])
      expect(first).toMatchObject({
        'messaging.destination.partition.id': '2',
        'kafka.offset': 0,
        'kafka.message.tombstone': true,
      })
      expect(second).toMatchObject({ 'kafka.offset': 1 })
      expect(both).not.toHaveProperty(['kafka.offset'])
      expect(both).not.toHaveProperty(['kafka.message.tombstone'])
      expect(both).not.toHaveProperty(['messaging.destination.partition.id'])
    },
    BROKER_TIME,
  )

  it(
    'never writes to what the caller owns: frozen and re-sent messages carry the context of each send',
    async () => {
      const topic = await harness.topic()
      const producer = await harness.producer()
      const message: Message = Object.freeze({
        key: Buffer.from([0, 0xff]),
        value: 'v',
        headers: Object.freeze({ id: Buffer.from([0xfe]), many: Object.freeze(['a', 'b']) as string[] }),
        timestamp: '1700000000000',
      })
      const record = Object.freeze({ topic, messages: Object.freeze([message]) as Message[] })

      await producer.send(record)
      await producer.send(record)

      const ids = sends().map(span => span.spanContext().spanId)
      const read = await harness.read(topic, 2)
      expect(read.map(({ headers }) => textOf(headers)['traceparent'])).toEqual(
        ids.map(id => expect.stringContaining(id)),
      )
      expect(read[0]).toMatchObject({
        key: Buffer.from([0, 0xff]),
        value: Buffer.from('v'),
        timestamp: '1700000000000',
        headers: { id: Buffer.from([0xfe]), many: [Buffer.from('a'), Buffer.from('b')] },
      })
    },
    BROKER_TIME,
  )

  it(
    'passes baggage on',
    async () => {
      const topic = await harness.topic()
      const producer = await harness.producer()
      const baggage = propagation.createBaggage({ tenant: { value: 'acme' } })

      await context.with(propagation.setBaggage(context.active(), baggage), () =>
        producer.send({ topic, messages: [{ value: 'x' }] }),
      )

      const [message] = await harness.read(topic, 1)
      expect(textOf(message?.headers)).toMatchObject({ baggage: 'tenant=acme' })
    },
    BROKER_TIME,
  )

  it(
    'keeps a context the caller put in and links it',
    async () => {
      const topic = await harness.topic()
      const producer = await harness.producer()
      const own = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
      const link = {
        span: 'b7ad6b7169203331',
        trace: '0af7651916cd43dd8448eb211c80319c',
        attributes: {},
      }

      await producer.send({ topic, messages: [{ value: 'x', headers: { traceparent: own } }] })
      await producer.send({
        topic,
        messages: [{ value: 'y', headers: { TraceParent: Buffer.from(own) } }, { value: 'z' }],
      })

      const [alone, mixed] = sends()
      expect(described(alone)).toMatchObject({ kind: SpanKind.CLIENT, links: [link] })
      expect(described(mixed)).toMatchObject({ kind: SpanKind.PRODUCER, links: [link] })
      const read = (await harness.read(topic, 3)).map(({ headers }) => textOf(headers))
      expect(read).toEqual([
        { traceparent: own },
        { TraceParent: own },
        { traceparent: expect.stringContaining(mixed?.spanContext().spanId ?? '?') },
      ])
    },
    BROKER_TIME,
  )

  it(
    'replaces what is no context, and keeps the baggage the caller put in',
    async () => {
      const topic = await harness.topic()
      const producer = await harness.producer()

      await producer.send({
        topic,
        messages: [
          { value: 'x', headers: { traceparent: 'rubbish', tracestate: 'a=1' } },
          { value: 'y', headers: { baggage: 'tenant=acme' } },
        ],
      })

      const [send] = sends()
      expect(described(send)).toMatchObject({ kind: SpanKind.PRODUCER, links: [] })
      const traceparent = expect.stringContaining(send?.spanContext().spanId ?? '?')
      const read = (await harness.read(topic, 2)).map(({ headers }) => textOf(headers))
      expect(read).toEqual([{ traceparent }, { traceparent, baggage: 'tenant=acme' }])
    },
    BROKER_TIME,
  )

  it(
    'leaves a header alone that is named as the baggage is, and is none',
    async () => {
      const topic = await harness.topic()
      const producer = await harness.producer()
      const active = propagation.createBaggage({ tenant: { value: 'acme' } })

      await context.with(propagation.setBaggage(context.active(), active), () =>
        producer.send({
          topic,
          messages: [
            { value: 'x', headers: { baggage: '2 suitcases' } },
            { value: 'y', headers: { Baggage: Buffer.from([0xff]), traceparent: 'rubbish' } },
          ],
        }),
      )

      const [send] = sends()
      const traceparent = Buffer.from(`00-${send?.spanContext().traceId}-${send?.spanContext().spanId}-01`)
      expect((await harness.read(topic, 2)).map(({ headers }) => headers)).toEqual([
        { traceparent, baggage: Buffer.from('2 suitcases') },
        { traceparent, Baggage: Buffer.from([0xff]) },
      ])
    },
    BROKER_TIME,
  )

  it(
    'measures its duration and counts the messages',
    async () => {
      const topic = await harness.topic()
      const producer = await harness.producer()

      await producer.send({ topic, messages: [{ value: '1' }, { value: '2' }] })

      const attributes = {
        'messaging.system.name': 'kafka',
        'messaging.operation.name': 'send',
        'messaging.destination.name': topic,
        'messaging.destination.partition.id': '0',
        'server.address': expect.any(String),
        'server.port': expect.any(Number),
      }
      const points = async (name: string): Promise<unknown[]> =>
        (await pointsOf(harness.recorder, name)).filter(
          point => point.attributes['messaging.destination.name'] === topic,
        )
      expect(await points('messaging.client.sent.messages')).toEqual([{ attributes, value: 2 }])
      expect(await points('messaging.client.operation.duration')).toEqual([
        { attributes: { ...attributes, 'messaging.operation.type': 'send' }, value: 1 },
      ])
    },
    BROKER_TIME,
  )
})

describe('sendBatch', () => {
  it(
    'makes one span per topic, also where a topic is named twice',
    async () => {
      const [one, two] = [await harness.topic(), await harness.topic()]
      const producer = await harness.producer()

      await producer.sendBatch({
        topicMessages: [
          { topic: one, messages: [{ value: '1' }] },
          { topic: two, messages: [{ value: '2' }] },
          { topic: one, messages: [{ value: '3' }] },
        ],
      })

      expect(sends().map(({ name, kind, attributes }) => [name, kind, attributes])).toEqual([
        [
          `send ${one}`,
          SpanKind.PRODUCER,
          expect.objectContaining({
            'messaging.batch.message_count': 2,
            'messaging.destination.partition.id': '0',
          }),
        ],
        [
          `send ${two}`,
          SpanKind.PRODUCER,
          expect.objectContaining({ 'messaging.batch.message_count': 1, 'kafka.offset': 0 }),
        ],
      ])
      const [first, second] = sends().map(span => span.spanContext().spanId)
      const carried = async (topic: string, count: number): Promise<unknown[]> =>
        (await harness.read(topic, count)).map(({ value, headers }) => [
          String(value),
          textOf(headers)['traceparent'],
        ])
      expect(await carried(one, 2)).toEqual([
        ['1', expect.stringContaining(first ?? '?')],
        ['3', expect.stringContaining(first ?? '?')],
      ])
      expect(await carried(two, 1)).toEqual([['2', expect.stringContaining(second ?? '?')]])
    },
    BROKER_TIME,
  )

  it(
    'sends nothing, and traces nothing, when there is nothing to send',
    async () => {
      const producer = await harness.producer()

      expect(await producer.sendBatch({})).toEqual([])
      expect(await producer.sendBatch({ topicMessages: [] })).toEqual([])

      expect(harness.recorder.spans()).toEqual([])
    },
    BROKER_TIME,
  )
})
