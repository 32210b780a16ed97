import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'

import { BROKER_TIME, described, unique } from '../harness.ts'
import { PlatformaticHarness, type TextProducer } from './harness.ts'

const harness = new PlatformaticHarness()

function transactional(options: object = {}): TextProducer {
  return harness.producer({ idempotent: true, transactionalId: unique('transaction'), ...options })
}

describe('a transaction of @platformatic/kafka', () => {
  it(
    'has an INTERNAL span from its begin to its commit, with what it sends beneath',
    async () => {
      const tracing = harness.trace()
      const topic = unique('orders')
      const producer = transactional()
      const app = harness.recorder.tracerProvider.getTracer('app').startSpan('checkout')

      await context.with(trace.setSpan(context.active(), app), async () => {
        const transaction = await producer.beginTransaction()
        await transaction.send({ messages: [{ topic, value: 'v' }] })
        await transaction.commit()
      })
      await producer.send({ messages: [{ topic, value: 'w' }] })
      tracing.stop()

      const [send, transaction, after, ...others] = harness.recorder.spans()
      expect(others).toEqual([])
      expect(described(transaction)).toEqual({
        name: 'transaction',
        kind: SpanKind.INTERNAL,
        status: { code: SpanStatusCode.UNSET },
        attributes: {
          'messaging.client.id': 'shop',
          'kafka.cluster.id': expect.any(String),
          'spanwright.messaging.transaction.outcome': 'commit',
        },
        events: [],
        links: [],
        parent: app.spanContext().spanId,
        trace: app.spanContext().traceId,
      })
      expect(described(send)).toMatchObject({
        name: `send ${topic}`,
        kind: SpanKind.PRODUCER,
        parent: transaction?.spanContext().spanId,
      })
      expect(described(after)).toMatchObject({ name: `send ${topic}`, parent: undefined })
      const read = await harness.read(topic, 2)
      expect(read.map(({ headers }) => headers.get('traceparent'))).toEqual(
        [send, after].map(span => expect.stringContaining(span?.spanContext().spanId ?? '?')),
      )
    },
    BROKER_TIME,
  )

  it(
    'that is aborted, cancelled or left behind ends, even after tracing was stopped',
    async () => {
      const tracing = harness.trace()
      const topic = unique('orders')
      const producer = transactional()
      const aborted = await producer.beginTransaction()
      await aborted.send({ messages: [{ topic, value: 'v' }] })
      await aborted.abort()
      const cancelled = await producer.beginTransaction()
      await cancelled.cancel()
      await producer.beginTransaction()
      tracing.stop()
      await producer.close()

      const spans = harness.recorder.spans().filter(({ name }) => name === 'transaction')
      expect(
        spans.map(({ status, attributes }) => [
          attributes['spanwright.messaging.transaction.outcome'],
          status.code,
          attributes['error.type'],
        ]),
      ).toEqual([
        ['abort', SpanStatusCode.UNSET, undefined],
        ['abandoned', SpanStatusCode.ERROR, 'abandoned'],
        ['abandoned', SpanStatusCode.ERROR, 'abandoned'],
      ])
    },
    BROKER_TIME,
  )

  it(
    'that cannot begin has a span that says why',
    async () => {
      harness.trace()
      const producer = transactional({ retries: 2 })
      await harness.service.crash()
      const error: Error = await producer.beginTransaction().then(
        () => new Error('it succeeded'),
        (reason: Error) => reason,
      )
      await harness.service.restart()

      expect(harness.recorder.spans().map(span => described(span))).toMatchObject([
        {
          name: 'transaction',
          status: { code: SpanStatusCode.ERROR, message: error.message },
          attributes: { 'error.type': 'ECONNREFUSED' },
          events: [{ name: 'exception' }],
        },
      ])
    },
    BROKER_TIME,
  )
})
