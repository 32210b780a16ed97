import { once } from 'node:events'

import { context, propagation, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import type { Producer } from '@platformatic/kafka'

import { BROKER_TIME, described, pointsOf, unique } from '../harness.ts'
import { PlatformaticHarness } from './harness.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'
const traceparent = `00-${TRACE}-${SPAN}-01`

const harness = new PlatformaticHarness()

/** The context a span writes into messages. */
function contextOf(span: { spanContext(): { traceId: string; spanId: string } } | undefined): string {
  const { traceId, spanId } = span?.spanContext() ?? { traceId: '', spanId: '' }
  return `00-${traceId}-${spanId}-01`
}

describe('send of @platformatic/kafka', () => {
  it(
    'makes one PRODUCER span, whose context and baggage are in every record, and writes to nothing of the caller',
    async () => {
      const tracing = harness.trace()
      const topic = unique('orders')
      const producer = harness.producer()
      const headers = Object.freeze({ id: 'x' })
      const messages = Object.freeze([
        Object.freeze({ topic, key: 'a', value: '1', headers }),
        Object.freeze({ topic, key: 'b', value: '2', headers: new Map([['id', 'y']]) }),
        Object.freeze({ topic, value: '3' }),
      ])
      const parent = harness.recorder.tracerProvider.getTracer('app').startSpan('checkout')
      const active = propagation.setBaggage(
        trace.setSpan(context.active(), parent),
        propagation.createBaggage({ tenant: { value: 'acme' } }),
      )

      const answer = await context.with(active, () => producer.send({ messages: messages as never }))

      expect(answer).toEqual({ offsets: [{ topic, partition: 0, offset: 0n }] })
      const [span, ...others] = harness.recorder.spans()
      expect(others).toEqual([])
      expect(described(span)).toEqual({
        name: `send ${topic}`,
        kind: SpanKind.PRODUCER,
        status: { code: SpanStatusCode.UNSET },
        attributes: {
          'messaging.system.name': 'kafka',
          'messaging.operation.name': 'send',
          'messaging.operation.type': 'send',
          'messaging.destination.name': topic,
          'messaging.destination.partition.id': '0',
          'messaging.batch.message_count': 3,
          'messaging.client.id': 'shop',
          'kafka.cluster.id': expect.any(String),
          'server.address': '127.0.0.1',
          'server.port': harness.port,
        },
        events: [],
        links: [],
        parent: parent.spanContext().spanId,
        trace: parent.spanContext().traceId,
      })
      tracing.stop()
      const written = { traceparent: contextOf(span), baggage: 'tenant=acme' }
      expect((await harness.read(topic, 3)).map(message => Object.fromEntries(message.headers))).toEqual([
        { id: 'x', ...written },
        { id: 'y', ...written },
        written,
      ])
      expect([headers, messages[1]?.value]).toEqual([{ id: 'x' }, '2'])
    },
    BROKER_TIME,
  )

  it(
    'makes a span per topic, counts the messages and measures the sends',
    async () => {
      harness.trace()
      const [orders, returns] = [unique('orders'), unique('returns')]
      const producer = harness.producer()

      await producer.send({
        messages: [
          { topic: orders, value: '1' },
          { topic: returns, value: null as never },
          { topic: orders, value: '2' },
        ],
      })

      const spans = harness.recorder.spans()
      expect(spans.map(({ name, kind }) => [name, kind])).toEqual([
        [`send ${orders}`, SpanKind.PRODUCER],
        [`send ${returns}`, SpanKind.PRODUCER],
      ])
      expect(spans.map(({ attributes }) => attributes['messaging.batch.message_count'])).toEqual([2, 1])
      expect(spans[1]?.attributes).toMatchObject({ 'kafka.message.tombstone': true, 'kafka.offset': 0 })
      const attributes = {
        'messaging.system.name': 'kafka',
        'messaging.operation.name': 'send',
        'messaging.destination.partition.id': '0',
        'server.address': '127.0.0.1',
        'server.port': harness.port,
      }
      expect(await pointsOf(harness.recorder, 'messaging.client.sent.messages')).toEqual([
        { attributes: { ...attributes, 'messaging.destination.name': orders }, value: 2 },
        { attributes: { ...attributes, 'messaging.destination.name': returns }, value: 1 },
      ])
      const timed = { ...attributes, 'messaging.operation.type': 'send' }
      expect(await pointsOf(harness.recorder, 'messaging.client.operation.duration')).toEqual([
        { attributes: { ...timed, 'messaging.destination.name': orders }, value: 1 },
        { attributes: { ...timed, 'messaging.destination.name': returns }, value: 1 },
      ])
    },
    BROKER_TIME,
  )

  it(
    'keeps and links a context that a message carries, replaces it by option, and makes spans of messages by option',
    async () => {
      const topic = unique('orders')
      const producer = harness.producer()
      const send = async (message: object): Promise<void> => {
        await producer.send({ messages: [{ topic, value: 'v', ...message }] })
      }
      const kept = harness.trace()
      // Met at its first send, of which there is no span.
      await send({})
      await send({ headers: { traceparent } })
      await send({ headers: new Map([['Traceparent', traceparent]]) })
      kept.stop()
      const replaced = harness.trace({ existingContext: 'replace' })
      await send({ headers: { Traceparent: traceparent, id: 'x' } })
      await send({ headers: new Map(Object.entries({ traceparent, id: 'x' })) })
      replaced.stop()
      const created = harness.trace({ messageSpans: true })
      await send({})
      created.stop()

      const links = [{ span: SPAN, trace: TRACE, attributes: {} }]
      const spans = harness.recorder.spans()
      expect(spans.map(span => described(span))).toMatchObject([
        { kind: SpanKind.CLIENT, links },
        { kind: SpanKind.CLIENT, links },
        { kind: SpanKind.PRODUCER, links },
        { kind: SpanKind.PRODUCER, links },
        { name: `create ${topic}`, kind: SpanKind.PRODUCER, links: [] },
        { name: `send ${topic}`, kind: SpanKind.CLIENT, links: [{ span: spans[4]?.spanContext().spanId }] },
      ])
      expect((await harness.read(topic, 6)).map(({ headers }) => Object.fromEntries(headers))).toEqual([
        {},
        { traceparent },
        { Traceparent: traceparent },
        { id: 'x', traceparent: contextOf(spans[2]) },
        { id: 'x', traceparent: contextOf(spans[3]) },
        { traceparent: contextOf(spans[4]) },
      ])
    },
    BROKER_TIME,
  )

  it(
    'writes bytes where a producer has no serializers, and nothing where one would make something else of text',
    async () => {
      const tracing = harness.trace()
      const topic = unique('orders')
      const bytes = harness.producer({ serializers: undefined }) as unknown as Producer
      const json = (data: unknown): Buffer => Buffer.from(JSON.stringify(data))
      const other = harness.producer({ serializers: { headerKey: json, headerValue: json } })

      await bytes.send({
        messages: [
          { topic, value: Buffer.from('1') },
          { topic, value: Buffer.from('2'), headers: {} },
          { topic, value: Buffer.from('3'), headers: new Map([[Buffer.from('id'), Buffer.from([255])]]) },
        ],
      })
      await other.send({ messages: [{ topic, value: Buffer.from('4') as never, headers: { id: 'x' } }] })
      tracing.stop()

      const [first, second] = harness.recorder.spans()
      expect([first?.kind, second?.kind]).toEqual([SpanKind.PRODUCER, SpanKind.CLIENT])
      const written = { traceparent: contextOf(first) }
      const read = await harness.read(topic, 4)
      expect(read.map(({ headers }) => Object.fromEntries(headers))).toEqual([
        written,
        written,
        { id: '\uFFFD', ...written },
        { '"id"': '"x"' },
      ])
    },
    BROKER_TIME,
  )

  it(
    'calls back as the library does, and traces what a stream sends',
    async () => {
      harness.trace()
      const topic = unique('orders')
      const producer = harness.producer()

      const answer = await new Promise((resolve, reject) => {
        const returned: unknown = producer.send({ messages: [{ topic, value: '1' }] }, (error, result) =>
          error ? reject(error) : resolve([result, harness.recorder.spans().length]),
        )
        expect(returned).toBeUndefined()
      })
      const stream = producer.asStream({ batchSize: 2 })
      stream.write({ topic, value: '2' })
      stream.write({ topic, value: '3' })
      await stream.close()

      expect(answer).toEqual([{ offsets: [{ topic, partition: 0, offset: 0n }] }, 1])
      expect(
        harness.recorder
          .spans()
          .map(({ name, attributes }) => [name, attributes['messaging.batch.message_count']]),
      ).toEqual([
        [`send ${topic}`, undefined],
        [`send ${topic}`, 2],
      ])
    },
    BROKER_TIME,
  )

  it(
    'keeps what a stream sends in the traces it was written in, and links them where a send joins several',
    async () => {
      harness.trace()
      const topic = unique('orders')
      const producer = harness.producer()
      const tracer = harness.recorder.tracerProvider.getTracer('test')
      const stream = producer.asStream({ batchSize: 4, batchTime: -1, reportMode: 'message' })
      const reported: unknown[] = []
      stream.on('delivery-report', ({ message }: { message: unknown }) => reported.push(message))
      const sent = (): Promise<unknown> => once(stream, 'flush')
      const messages = [1, 2, 3, 4].map(value => Object.freeze({ topic, value: String(value) }))
      const writeIn = (name: string, ...some: unknown[]): Span =>
        tracer.startActiveSpan(name, span => {
          for (const message of some) stream.write(message as never)
          span.end()
          return span
        })

      const joined = sent()
      const writers = [
        writeIn('one', messages[0]),
        writeIn('two', messages[1]),
        writeIn('three', messages[2], messages[3]),
      ]
      await joined
      const alone = sent()
      const last = writeIn('last', ...messages)
      await alone
      await stream.close()

      const sends = harness.recorder.spans().filter(({ name }) => name === `send ${topic}`)
      const linksTo = (...spans: (Span | undefined)[]): unknown[] =>
        spans.map(span => ({
          span: span?.spanContext().spanId,
          trace: span?.spanContext().traceId,
          attributes: {},
        }))
      expect(sends.map(span => described(span))).toMatchObject([
        {
          kind: SpanKind.CLIENT,
          status: { code: SpanStatusCode.UNSET },
          attributes: { 'messaging.batch.message_count': 4 },
          links: linksTo(...writers, writers[2]),
          parent: undefined,
        },
        {
          kind: SpanKind.PRODUCER,
          status: { code: SpanStatusCode.UNSET },
          attributes: { 'messaging.batch.message_count': 4 },
          links: [],
          parent: last.spanContext().spanId,
          trace: last.spanContext().traceId,
        },
      ])
      const read = await harness.read(topic, 8)
      expect(read.map(({ headers }) => headers.get('traceparent'))).toEqual([
        ...[...writers, writers[2]].map(span => contextOf(span)),
        ...messages.map(() => contextOf(sends[1])),
      ])
      expect(reported.map((message, index) => message === messages[index % 4])).toEqual(Array(8).fill(true))
    },
    BROKER_TIME,
  )

  it(
    'ends the span of a send that fails, with the name of the error, and passes that error on',
    async () => {
      harness.trace()
      const producer = harness.producer({ autocreateTopics: false, retries: 0 })
      const topic = 'no topic can have this name'

      const refused = await producer
        .send({ messages: [{ topic, value: 'v', headers: 5 as never }] })
        .catch(error => error)
      const failed = await producer.send({ messages: [{ topic, value: 'v' }] }).catch(error => error)
      const called = await new Promise(resolve => {
        producer.send({ messages: [{ topic, value: 'v' }] }, resolve)
      })

      const spans = harness.recorder.spans()
      expect(spans.map(span => described(span))).toMatchObject(
        [refused, failed, called].map((error: Error) => ({
          name: `send ${topic}`,
          status: { code: SpanStatusCode.ERROR, message: error.message },
          attributes: { 'error.type': 'INVALID_TOPIC_EXCEPTION' },
          events: [{ name: 'exception' }],
        })),
      )
      expect(await pointsOf(harness.recorder, 'messaging.client.sent.messages')).toMatchObject([
        { attributes: { 'error.type': 'INVALID_TOPIC_EXCEPTION' }, value: 3 },
      ])
    },
    BROKER_TIME,
  )

  it(
    'leaves alone what is ignored, and everything after stop()',
    async () => {
      const topic = unique('orders')
      const seen: unknown[] = []
      const tracing = harness.trace({
        ignore: operation => {
          seen.push(operation)
          return true
        },
      })
      const producer = harness.producer()
      const message = { topic, value: 'v' }

      await producer.send({ messages: [message] })
      tracing.stop()
      tracing.stop()
      await producer.send({ messages: [message] })

      expect(seen).toEqual([{ topic, message, messages: [message] }])
      expect(harness.recorder.spans()).toEqual([])
      expect((await harness.read(topic, 2)).map(({ headers }) => headers.size)).toEqual([0, 0])
    },
    BROKER_TIME,
  )

  it('refuses an unknown option', () => {
    expect(() => harness.trace({ injct: false } as never)).toThrow(
      new TypeError("tracePlatformaticKafka(): unknown option 'injct' (given false); did you mean inject?"),
    )
  })
})
