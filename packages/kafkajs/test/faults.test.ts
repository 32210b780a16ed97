import { EventEmitter, once } from 'node:events'
import { setTimeout } from 'node:timers/promises'

import { SpanStatusCode } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import type { Consumer, EachMessagePayload } from 'kafkajs'

import { BROKER_TIME, Harness, unique } from './harness.ts'

const harness = new Harness()

/** Collects the values a consumer gets and lets a test wait for them. */
class Inbox {
  readonly values: string[] = []
  private readonly arrivals = new EventEmitter()

  take(value: Buffer | null): void {
    this.values.push(String(value))
    this.arrivals.emit('value')
  }

  async holds(count: number): Promise<string[]> {
    while (this.values.length < count) await once(this.arrivals, 'value')
    return this.values
  }
}

function spansOf(topic: string, operation: string): ReadableSpan[] {
  return harness.recorder.spans().filter(({ name }) => name === `${operation} ${topic}`)
}

const offsetsOf = (spans: readonly ReadableSpan[]): unknown[] =>
  spans.map(({ attributes }) => attributes['kafka.offset'])

describe('a broker that dies', () => {
  it(
    'during a send: one span, which ends when kafkajs has sent after all',
    async () => {
      const topic = await harness.topic()
      const patient = { initialRetryTime: 50, maxRetryTime: 500, retries: 100 }
      const producer = await harness.producer(harness.traced({}, { retry: patient }))
      await producer.send({ topic, messages: [{ value: '0' }] })

      await harness.service.crash()
      const sending = producer.send({ topic, messages: [{ value: '1' }] })
      await harness.service.restart()
      await sending

      const statuses = spansOf(topic, 'send').map(({ status }) => status.code)
      expect(statuses).toEqual([SpanStatusCode.UNSET, SpanStatusCode.UNSET])
      expect(harness.recorder.open()).toEqual([])
      expect((await harness.read(topic, 2)).map(({ value }) => String(value))).toEqual(['0', '1'])
    },
    BROKER_TIME,
  )

  it(
    'for good: the span ends with the error kafkajs gives up with',
    async () => {
      const topic = await harness.topic()
      const kafka = harness.traced({}, { retry: { initialRetryTime: 20, retries: 2 } })
      const producer = await harness.producer(kafka)
      await producer.send({ topic, messages: [{ value: '0' }] })

      await harness.service.crash()
      const sending = producer.send({ topic, messages: [{ value: '1' }] })
      await expect(sending).rejects.toMatchObject({ name: expect.stringMatching(/^KafkaJS/) })
      await harness.service.restart()

      const [, failed] = spansOf(topic, 'send')
      expect(failed?.status.code).toBe(SpanStatusCode.ERROR)
      expect(failed?.attributes['error.type']).toMatch(/^(ECONNREFUSED|KafkaJSConnection\w*Error)$/)
      expect(harness.recorder.open()).toEqual([])
    },
    BROKER_TIME,
  )

  it(
    'during a fetch: every message is processed, with a span for each time',
    async () => {
      const topic = await harness.topic()
      await harness.write(topic, { value: '0' }, { value: '1' })
      const consumer = await harness.consumer(harness.traced(), topic)
      const inbox = new Inbox()
      await consumer.run({ eachMessage: async ({ message }) => inbox.take(message.value) })
      await inbox.holds(2)

      await harness.service.crash()
      await harness.service.restart()
      await harness.write(topic, { value: '2' })
      while (!inbox.values.includes('2')) await inbox.holds(inbox.values.length + 1)
      await consumer.disconnect()

      const spans = spansOf(topic, 'process')
      expect(offsetsOf(spans)).toEqual(inbox.values.map(Number))
      expect(spans.every(({ status }) => status.code === SpanStatusCode.UNSET)).toBe(true)
      expect(harness.recorder.open()).toEqual([])
    },
    BROKER_TIME,
  )
})

describe('a consumer that crashes', () => {
  it(
    'is traced again after kafkajs has restarted it',
    async () => {
      const topic = await harness.topic()
      await harness.write(topic, { value: '0' })
      const retry = { retries: 0, initialRetryTime: 20 }
      const consumer = await harness.consumer(harness.traced(), topic, { retry })
      const crashes: boolean[] = []
      consumer.on(consumer.events.CRASH, ({ payload }) => crashes.push(payload.restart))

      const inbox = new Inbox()
      await consumer.run({
        eachMessage: async ({ message }) => {
          inbox.take(message.value)
          if (inbox.values.length === 1) throw new Error('once')
        },
      })
      await inbox.holds(2)
      await consumer.disconnect()

      expect(crashes).toEqual([true])
      expect(spansOf(topic, 'process').map(({ status }) => status.code)).toEqual([
        SpanStatusCode.ERROR,
        SpanStatusCode.UNSET,
      ])
      expect(harness.recorder.open()).toEqual([])
    },
    BROKER_TIME,
  )
})

describe('a rebalance during a batch', () => {
  it(
    "ends the span of the batch with the broker's word for it, and each message is processed once more",
    async () => {
      const topic = await harness.topic(2)
      await harness.write(topic, { value: '0', partition: 0 })
      const groupId = unique('group')
      const kafka = harness.traced()
      const first = await harness.consumer(kafka, topic, { groupId })
      const second = await harness.consumer(kafka, topic, { groupId })
      const inbox = new Inbox()
      const batches = new EventEmitter()
      const started = once(batches, 'batch')

      let interrupted = false
      await first.run({
        eachBatch: async ({ batch, heartbeat }) => {
          batches.emit('batch')
          if (!interrupted) await untilRejected(heartbeat)
          for (const { value } of batch.messages) inbox.take(value)
        },
      })
      await started
      const joined = second.run({
        eachBatch: async ({ batch }) => {
          for (const { value } of batch.messages) inbox.take(value)
        },
      })
      await Promise.all([joined, inbox.holds(1)])
      await Promise.all([first.disconnect(), second.disconnect()])

      const [span, ...others] = spansOf(topic, 'process')
      expect(span?.attributes).toMatchObject({ 'error.type': 'REBALANCE_IN_PROGRESS' })
      expect(others.map(({ status }) => status.code)).toEqual(inbox.values.map(() => SpanStatusCode.UNSET))
      expect(harness.recorder.open()).toEqual([])

      /** As a handler that takes its time: beats until the group wants it back. */
      async function untilRejected(heartbeat: () => Promise<void>): Promise<never> {
        try {
          for (;;) {
            await heartbeat()
            await setTimeout(20)
          }
        } finally {
          interrupted = true
        }
      }
    },
    BROKER_TIME,
  )
})

describe('a consumer in the middle of its work', () => {
  async function running(
    handle: (consumer: Consumer, payload: EachMessagePayload, seen: readonly string[]) => Promise<void>,
  ): Promise<{ topic: string; consumer: Consumer; inbox: Inbox }> {
    const topic = await harness.topic()
    await harness.write(topic, { value: '0' }, { value: '1' }, { value: '2' })
    const consumer = await harness.consumer(harness.traced(), topic)
    const inbox = new Inbox()
    await consumer.run({
      eachMessage: async payload => {
        inbox.take(payload.message.value)
        await handle(consumer, payload, inbox.values)
      },
    })
    return { topic, consumer, inbox }
  }

  it(
    'can be sought back: a message has a span each time',
    async () => {
      const { topic, consumer, inbox } = await running(async (self, payload, seen) => {
        if (seen.length === 2) self.seek({ ...payload, offset: '0' })
      })
      await inbox.holds(5)
      await consumer.disconnect()

      expect(inbox.values).toEqual(['0', '1', '0', '1', '2'])
      expect(offsetsOf(spansOf(topic, 'process'))).toEqual([0, 1, 0, 1, 2])
    },
    BROKER_TIME,
  )

  it(
    'can be paused and resumed: nothing is lost or doubled',
    async () => {
      let resume = (): void => undefined
      const { topic, consumer, inbox } = await running(async (_self, { pause }, seen) => {
        if (seen.length === 1) resume = pause()
      })
      await inbox.holds(1)
      expect(consumer.paused()).toEqual([{ topic, partitions: [0] }])
      resume()
      await inbox.holds(3)
      await consumer.disconnect()

      expect(inbox.values).toEqual(['0', '1', '2'])
      expect(offsetsOf(spansOf(topic, 'process'))).toEqual([0, 1, 2])
    },
    BROKER_TIME,
  )

  it.each(['stop', 'disconnect'] as const)(
    'can be told to %s: the span of the message in work ends with it',
    async way => {
      const gate = new EventEmitter()
      const opened = once(gate, 'open')
      const { topic, consumer, inbox } = await running(async () => void (await opened))
      await inbox.holds(1)

      const ended = consumer[way]()
      expect(harness.recorder.open().map(({ name }) => name)).toEqual([`process ${topic}`])
      gate.emit('open')
      await ended

      expect(harness.recorder.open()).toEqual([])
      expect(offsetsOf(spansOf(topic, 'process'))).toEqual([0])
      expect(spansOf(topic, 'process')[0]?.status.code).toBe(SpanStatusCode.UNSET)
    },
    BROKER_TIME,
  )
})
