import { inspect } from 'node:util'

import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { withSpan } from '@spanwright/core'
import type { EachMessagePayload, Message } from 'kafkajs'

import { BROKER_TIME, Harness, runUntil } from './harness.ts'

const harness = new Harness()
const CARD = 4111
const SECRET = 'sesame-4111'

/** Everything recorded on the spans. */
function told(): string {
  const spans = harness.recorder.spans().map(({ name, status, attributes, events }) => ({
    name,
    status,
    attributes,
    events,
  }))
  return inspect(spans, { depth: 9, maxStringLength: null }).replaceAll(/orders-\w+/g, 'orders')
}

describe('a record that kafkajs refuses', () => {
  const records: [string, unknown, string][] = [
    ['a number for its value', { value: CARD }, 'ERR_INVALID_ARG_TYPE'],
    ['an object for its value', { value: { card: SECRET } }, 'ERR_INVALID_ARG_TYPE'],
    ['a number for its key', { key: CARD, value: 'x' }, 'TypeError'],
    ['a number in a header', { value: 'x', headers: { card: CARD } }, 'ERR_INVALID_ARG_TYPE'],
    ['a timestamp that is none', { value: 'x', timestamp: SECRET }, 'SyntaxError'],
    ['a timestamp with a fraction', { value: 'x', timestamp: CARD + 0.5 }, 'RangeError'],
    [
      'no value',
      { key: SECRET, headers: { card: SECRET } },
      'Invalid message without value for topic "orders"',
    ],
  ]

  it.each(records)(
    'shows none of its values, neither on its span nor on the one around it: %s',
    async (_, message, shown) => {
      const { tracerProvider } = harness.recorder
      const topic = await harness.topic()
      const producer = await harness.producer()

      const sending = withSpan('caller', () => producer.send({ topic, messages: [message as Message] }), {
        tracerProvider,
      })
      await expect(sending).rejects.toMatchObject({ message: expect.any(String) })

      expect(harness.recorder.spans().map(({ kind, status }) => [kind, status.code])).toEqual([
        [expect.any(Number), SpanStatusCode.ERROR],
        [SpanKind.INTERNAL, SpanStatusCode.ERROR],
      ])
      expect(told()).not.toMatch(/sesame|\b4111\b/)
      expect(told().split(shown).length).toBeGreaterThan(2)
    },
    BROKER_TIME,
  )

  it(
    'is shown with errorMessages raw',
    async () => {
      const topic = await harness.topic()
      const producer = await harness.producer(harness.traced({ errorMessages: 'raw' }))
      const sending = producer.send({ topic, messages: [{ value: CARD as never }] })
      await expect(sending).rejects.toThrow('4111')
      expect(told()).toContain('4111')
    },
    BROKER_TIME,
  )
})

describe('a malformed value that a handler fails on', () => {
  const handlers: [string, (text: string) => unknown, string][] = [
    ['JSON', text => JSON.parse(text), 'SyntaxError'],
    ['a number', text => BigInt(text), 'SyntaxError'],
    ['a key', text => (undefined as never)[text], 'Cannot read properties of undefined'],
    ['a file', text => process.chdir(text), 'chdir ENOENT'],
  ]

  it.each(handlers)(
    'is not shown by the span of its message: %s',
    async (_, read, shown) => {
      const { consumer } = await harness.delivery([{ value: SECRET }])
      await runUntil(consumer, done => ({
        eachMessage: async ({ message }: EachMessagePayload) => {
          done()
          read(String(message.value))
        },
      }))

      expect(harness.recorder.spans()[0]).toMatchObject({
        kind: SpanKind.CONSUMER,
        status: { code: SpanStatusCode.ERROR },
      })
      expect(told()).not.toMatch(/sesame|\b4111\b/)
      expect(told()).toContain(shown)
      expect(told()).toContain('error-text.test.ts')
    },
    BROKER_TIME,
  )

  it(
    'leaves the words of the application alone',
    async () => {
      const { consumer } = await harness.delivery([{ value: 'x' }])
      await runUntil(consumer, done => ({
        eachMessage: async () => {
          done()
          throw new Error('out of stock')
        },
      }))
      expect(harness.recorder.spans()[0]?.status).toEqual({
        code: SpanStatusCode.ERROR,
        message: 'out of stock',
      })
    },
    BROKER_TIME,
  )
})
