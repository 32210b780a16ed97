import { once } from 'node:events'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout } from 'node:timers/promises'

import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'

import { BROKER_TIME, described, durationOf, pointsOf, unique } from '../harness.ts'
import { PlatformaticHarness, type TextMessage } from './harness.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'
const headers = { traceparent: `00-${TRACE}-${SPAN}-01`, baggage: 'tenant=acme' }

const harness = new PlatformaticHarness()

/** Writes messages that are not traced. */
async function write(topic: string, ...messages: object[]): Promise<void> {
  await harness.producer().send({ messages: messages.map(message => ({ topic, value: 'v', ...message })) })
}

/** Calls a function for each message of a stream, as listener of `data`, until so many were handed over. */
async function listen(
  stream: { on(event: 'data', listener: (message: TextMessage) => unknown): unknown },
  count: number,
  work: (message: TextMessage) => unknown,
): Promise<void> {
  let left = count
  await new Promise<void>(resolve => {
    stream.on('data', message => {
      if (--left === 0) resolve()
      return work(message)
    })
  })
}

/** Where a piece of work runs. */
function here(): { span: string | undefined; tenant: string | undefined } {
  return {
    span: trace.getActiveSpan()?.spanContext().spanId,
    tenant: propagation.getActiveBaggage()?.getEntry('tenant')?.value,
  }
}

describe('a stream of @platformatic/kafka', () => {
  it(
    'has a CONSUMER span per message, in which its listeners run, until the last of them is done',
    async () => {
      const topic = unique('orders')
      const groupId = unique('billing')
      await write(topic, { key: 'k', headers }, { value: null })
      harness.trace({ recordKey: true, recordBodySize: true })
      const stream = await harness.stream(topic, { groupId })
      const seen: object[] = []
      const order: string[] = []

      stream.on('data', () => void order.push('sync'))
      await listen(stream, 2, async () => {
        await setTimeout(25)
        seen.push(here())
        order.push('async')
      })
      await harness.spans(2)

      const [first, second, ...others] = harness.recorder.spans().toSorted(byOffset)
      expect(others).toEqual([])
      expect(described(first)).toEqual({
        name: `process ${topic}`,
        kind: SpanKind.CONSUMER,
        status: { code: SpanStatusCode.UNSET },
        attributes: {
          ...harness.processAttributes(topic, groupId),
          'kafka.offset': 0,
          'kafka.message.key': 'k',
          'messaging.message.body.size': 1,
        },
        events: [],
        links: [{ span: SPAN, trace: TRACE, attributes: {} }],
        parent: SPAN,
        trace: TRACE,
      })
      expect(described(second)).toMatchObject({
        parent: undefined,
        links: [],
        attributes: { 'kafka.offset': 1, 'kafka.message.tombstone': true },
      })
      expect(seen).toEqual([
        { span: first?.spanContext().spanId, tenant: 'acme' },
        { span: second?.spanContext().spanId, tenant: undefined },
      ])
      expect(first && durationOf(first)).toBeGreaterThan(20)
      expect(order).toEqual(['sync', 'sync', 'async', 'async'])
      const attributes = {
        'messaging.system.name': 'kafka',
        'messaging.destination.name': topic,
        'messaging.destination.partition.id': '0',
        'messaging.consumer.group.name': groupId,
      }
      const ofProcess = {
        ...attributes,
        'messaging.operation.name': 'process',
        'server.address': '127.0.0.1',
        'server.port': harness.port,
      }
      for (const name of ['messaging.client.consumed.messages', 'messaging.process.duration']) {
        expect(await pointsOf(harness.recorder, name)).toEqual([{ attributes: ofProcess, value: 2 }])
      }
      expect(await pointsOf(harness.recorder, 'spanwright.messaging.queue.duration')).toEqual([
        { attributes, value: 2 },
      ])
    },
    BROKER_TIME,
  )

  it(
    'ends the span of a message that was iterated over when the next one is asked for, or the loop is left',
    async () => {
      const topic = unique('orders')
      await write(topic, { headers }, {}, {})
      harness.trace()
      const stream = await harness.stream(topic)

      const finished: number[] = []
      for await (const { offset } of stream) {
        await setTimeout(25)
        finished.push(harness.recorder.spans().length)
        if (offset === 1n) break
      }
      await harness.spans(2)

      expect(finished).toEqual([0, 1])
      const spans = harness.recorder.spans()
      expect(spans.map(({ attributes }) => attributes['kafka.offset'])).toEqual([0, 1])
      expect(spans.map(span => durationOf(span) > 20)).toEqual([true, true])
      expect(described(spans[0])).toMatchObject({ parent: SPAN, links: [{ span: SPAN }] })
    },
    BROKER_TIME,
  )

  it(
    'runs the work of traceEach within the span of the message, which does not end before it, nor begin twice',
    async () => {
      const topic = unique('orders')
      await write(topic, { headers }, {}, {})
      const tracing = harness.trace()
      const stream = await harness.stream(topic)

      const seen: unknown[] = []
      const late: Promise<unknown>[] = []
      const messages: object[] = []
      for await (const message of stream) {
        messages.push(message)
        if (message.offset === 0n) {
          const work = async (): Promise<string> => {
            await setTimeout(50)
            seen.push(here())
            return 'late'
          }
          late.push(tracing.traceEach(message, work))
        } else if (message.offset === 1n) {
          const error = new RangeError('no stock')
          const failing = (): never => {
            throw error
          }
          try {
            tracing.traceEach(message, failing)
          } catch (thrown) {
            seen.push(thrown)
          }
        } else break
      }
      await harness.spans(2)
      expect(await Promise.all(late)).toEqual(['late'])
      await harness.spans(3)

      const [first, second] = harness.recorder.spans().toSorted(byOffset)
      expect(seen).toEqual([
        new RangeError('no stock'),
        { span: first?.spanContext().spanId, tenant: 'acme' },
      ])
      expect(first && durationOf(first)).toBeGreaterThan(45)
      expect(described(first)).toMatchObject({ status: { code: SpanStatusCode.UNSET }, parent: SPAN })
      expect(described(second)).toMatchObject({
        status: { code: SpanStatusCode.ERROR, message: 'no stock' },
        attributes: { 'error.type': 'RangeError' },
        events: [{ name: 'exception' }],
      })
      // Of a message whose span is over, the work still runs in its trace; of an unknown one it just runs.
      expect(tracing.traceEach(Object(messages[0]), here)).toEqual({
        span: first?.spanContext().spanId,
        tenant: 'acme',
      })
      expect(tracing.traceEach({}, here)).toEqual({ span: undefined, tenant: undefined })
      expect(harness.recorder.spans()).toHaveLength(3)
    },
    BROKER_TIME,
  )

  it(
    'ends a span with the error of a listener, and lets that error go its way',
    async () => {
      const topic = unique('orders')
      await write(topic, {})
      harness.trace()
      const stream = await harness.stream(topic)
      const error = new RangeError('no stock')

      const destroyed = new Promise<void>(resolve => stream.once('close', () => resolve()))
      const failed = new Promise(resolve => stream.once('error', resolve))
      stream.on('data', () => {
        throw error
      })

      expect(await failed).toMatchObject({ message: 'Failed to process a message.', cause: error })
      await destroyed
      expect(harness.recorder.spans().map(span => described(span))).toMatchObject([
        {
          status: { code: SpanStatusCode.ERROR, message: 'no stock' },
          attributes: { 'error.type': 'RangeError' },
          events: [{ name: 'exception' }],
        },
      ])
    },
    BROKER_TIME,
  )

  it(
    'is piped, paused, read and resumed as ever, without a message lost or doubled',
    async () => {
      const topic = unique('orders')
      await write(topic, ...Array.from({ length: 20 }, (_, index) => ({ value: String(index) })))
      harness.trace()
      const values: string[] = []
      const slow = new Writable({
        objectMode: true,
        highWaterMark: 2,
        write({ value }: TextMessage, _encoding, callback) {
          values.push(value)
          setImmediate(callback)
        },
      })

      const piped = await harness.stream(topic)
      const piping = pipeline(piped, slow)
      await harness.spans(20)
      await piped.close()
      await piping
      const read = await harness.stream(topic)
      while (values.length < 40) {
        const message = read.read() as TextMessage | null
        if (message) values.push(message.value)
        else await once(read, 'readable')
      }
      await read.close()

      const expected = Array.from({ length: 20 }, (_, index) => String(index))
      expect(values).toEqual([...expected, ...expected])
      const offsets = harness.recorder.spans().map(({ attributes }) => attributes['kafka.offset'])
      expect(offsets).toEqual([...expected, ...expected].map(Number))
    },
    BROKER_TIME,
  )

  it(
    'follows the policy for parents, ignores what its option ignores, and is not in the trace that began to consume',
    async () => {
      const topic = unique('orders')
      await write(topic, { headers }, { headers, key: 'secret' })
      const shown: unknown[] = []
      harness.trace({
        parent: 'link',
        ignore: operation => {
          shown.push(operation)
          return (operation.message as TextMessage).key === 'secret'
        },
      })
      const start = harness.recorder.tracerProvider.getTracer('app').startSpan('start-up')
      const groupId = unique('group')

      const stream = await context.with(trace.setSpan(context.active(), start), () =>
        harness.stream(topic, { groupId }),
      )
      const seen: (string | undefined)[] = []
      const messages: unknown[] = []
      const tracer = harness.recorder.tracerProvider.getTracer('app')
      await listen(stream, 2, message => {
        messages.push(message)
        seen.push(here().span)
        tracer.startSpan(`beneath ${message.offset}`).end()
      })
      await harness.spans(2)

      const [beneath, span, ...others] = harness.recorder.spans()
      expect(others).toEqual([])
      expect(described(span)).toMatchObject({ parent: undefined, links: [{ span: SPAN, trace: TRACE }] })
      expect([TRACE, start.spanContext().traceId]).not.toContain(span?.spanContext().traceId)
      expect(described(beneath)).toMatchObject({ name: 'beneath 0', parent: span?.spanContext().spanId })
      expect(seen).toEqual([span?.spanContext().spanId, SPAN])
      expect(shown).toEqual(messages.map(message => ({ topic, partition: 0, message, groupId })))
    },
    BROKER_TIME,
  )

  it(
    'gives a message that is sent on the context of that send, which links the old one',
    async () => {
      const [topic, retries] = [unique('orders'), unique('retries')]
      await write(topic, { headers: { ...headers, id: 'x' } })
      const tracing = harness.trace()
      const stream = await harness.stream(topic)
      const producer = harness.producer()

      await listen(stream, 1, message =>
        producer.send({ messages: [{ topic: retries, value: message.value, headers: message.headers }] }),
      )
      await harness.spans(2)
      tracing.stop()

      const [send, process] = harness.recorder.spans()
      expect(described(send)).toMatchObject({
        name: `send ${retries}`,
        kind: SpanKind.PRODUCER,
        parent: process?.spanContext().spanId,
        links: [{ span: SPAN, trace: TRACE }],
      })
      const [forwarded] = await harness.read(retries, 1)
      expect(Object.fromEntries(forwarded?.headers ?? [])).toEqual({
        id: 'x',
        baggage: 'tenant=acme',
        traceparent: `00-${TRACE}-${send?.spanContext().spanId}-01`,
      })
    },
    BROKER_TIME,
  )

  it(
    'follows what is under way to its end when tracing stops, and traces the stream again later',
    async () => {
      const topic = unique('orders')
      await write(topic, {}, {}, {})
      let tracing = harness.trace()
      const stream = await harness.stream(topic)

      for await (const { offset } of stream) {
        if (offset === 0n) tracing.stop()
        if (offset === 1n) tracing = harness.trace()
        if (offset === 2n) break
      }
      await harness.spans(1)

      const offsets = harness.recorder.spans().map(({ attributes }) => attributes['kafka.offset'])
      expect(offsets).toEqual([0])
    },
    BROKER_TIME,
  )
})

function byOffset(one: ReadableSpan, other: ReadableSpan): number {
  return Number(one.attributes['kafka.offset']) - Number(other.attributes['kafka.offset'])
}
