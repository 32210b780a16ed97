import { EventEmitter, once } from 'node:events'

import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import type { EachMessagePayload } from 'kafkajs'

import { BROKER_TIME, described, Harness, pointsOf, runUntil } from './harness.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'
const traceparent = `00-${TRACE}-${SPAN}-01`

const harness = new Harness()

describe('eachMessage', () => {
  it(
    'makes one CONSUMER span per message, beneath the context the message carries and linked to it',
    async () => {
      const { topic, groupId, consumer } = await harness.delivery([
        { key: 'k', value: 'v', headers: { traceparent } },
      ])

      let active
      await runUntil(consumer, done => ({
        eachMessage: async () => {
          await Promise.resolve()
          active = trace.getActiveSpan()?.spanContext()
          done()
        },
      }))

      const [span, ...others] = harness.recorder.spans()
      expect(others).toEqual([])
      expect(described(span)).toEqual({
        name: `process ${topic}`,
        kind: SpanKind.CONSUMER,
        status: { code: SpanStatusCode.UNSET },
        attributes: { ...harness.processAttributes(topic, groupId), 'kafka.offset': 0 },
        events: [],
        links: [{ span: SPAN, trace: TRACE, attributes: {} }],
        parent: SPAN,
        trace: TRACE,
      })
      expect(active).toEqual(span?.spanContext())
    },
    BROKER_TIME,
  )

  it(
    'starts a trace of its own for a message without a context, whatever was active when run() was called',
    async () => {
      const topic = await harness.topic()
      await harness.write(topic, { value: null })
      const start = harness.recorder.tracerProvider.getTracer('app').startSpan('start-up')

      await context.with(trace.setSpan(context.active(), start), async () => {
        const consumer = await harness.consumer(harness.traced(), topic)
        await runUntil(consumer, done => ({ eachMessage: async () => done() }))
      })

      const [span] = harness.recorder.spans()
      expect(described(span)).toMatchObject({ parent: undefined, links: [] })
      expect(span?.spanContext().traceId).not.toBe(start.spanContext().traceId)
      expect(span?.attributes).toMatchObject({ 'kafka.message.tombstone': true })
    },
    BROKER_TIME,
  )

  it(
    'gives the handler the baggage of the message',
    async () => {
      const { consumer } = await harness.delivery([
        { value: 'v', headers: { traceparent, baggage: 'tenant=acme' } },
      ])

      let tenant
      await runUntil(consumer, done => ({
        eachMessage: async () => {
          tenant = propagation.getActiveBaggage()?.getEntry('tenant')?.value
          done()
        },
      }))

      expect(tenant).toBe('acme')
    },
    BROKER_TIME,
  )

  it(
    'hands the handler what kafkajs gave, and never writes to the run config',
    async () => {
      const { consumer } = await harness.delivery([{ key: 'k', value: 'v', headers: { id: 'x' } }])

      const payload = await new Promise<EachMessagePayload>((resolve, reject) => {
        const config = Object.freeze({
          eachMessage: async (given: EachMessagePayload) => resolve(given),
        })
        consumer.run(config).catch(reject)
      })
      await consumer.stop()

      expect(Object.keys(payload)).toEqual(['topic', 'partition', 'message', 'heartbeat', 'pause'])
      expect(payload.message).toMatchObject({ key: Buffer.from('k'), headers: { id: Buffer.from('x') } })
    },
    BROKER_TIME,
  )

  it(
    'takes a run config that is an object of a class, whose getters read private fields',
    async () => {
      const { topic, consumer } = await harness.delivery([{ value: 'v' }])
      const done = new EventEmitter()
      class Config {
        readonly #processed = done
        get autoCommit(): boolean {
          return this.#processed.listenerCount('never') === 0
        }
        get eachMessage() {
          return async (): Promise<void> => void this.#processed.emit('message')
        }
      }
      const processed = once(done, 'message')

      await consumer.run(new Config())
      await processed
      await consumer.stop()

      expect(harness.recorder.spans().map(({ name }) => name)).toEqual([`process ${topic}`])
    },
    BROKER_TIME,
  )

  it(
    'counts the messages and measures their processing',
    async () => {
      const { topic, groupId, consumer } = await harness.delivery([{ value: '1' }, { value: '2' }])

      let seen = 0
      await runUntil(consumer, done => ({
        eachMessage: async () => {
          if (++seen === 2) done()
        },
      }))

      const attributes = {
        'messaging.system.name': 'kafka',
        'messaging.operation.name': 'process',
        'messaging.destination.name': topic,
        'messaging.destination.partition.id': '0',
        'messaging.consumer.group.name': groupId,
        'server.address': expect.any(String),
        'server.port': expect.any(Number),
      }
      for (const name of ['messaging.client.consumed.messages', 'messaging.process.duration']) {
        const points = await pointsOf(harness.recorder, name)
        expect(points.filter(point => point.attributes['messaging.destination.name'] === topic)).toEqual([
          { attributes, value: 2 },
        ])
      }
    },
    BROKER_TIME,
  )
})
