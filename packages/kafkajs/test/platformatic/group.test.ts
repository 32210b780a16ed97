import { diag, type DiagLogger, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { afterEach, describe, expect, it } from '@jest/globals'

import { BROKER_TIME, described, pointsOf, unique } from '../harness.ts'
import { ObservedLag } from '../observed-lag.ts'
import { PlatformaticHarness } from './harness.ts'

const harness = new PlatformaticHarness()

afterEach(() => diag.disable())

async function write(topic: string, count: number): Promise<void> {
  const messages = Array.from({ length: count }, (_, index) => ({ topic, value: String(index) }))
  await harness.producer().send({ messages })
}

describe('commits of @platformatic/kafka', () => {
  it(
    'have a CLIENT span beneath what is active, by option',
    async () => {
      const topic = unique('orders')
      const groupId = unique('billing')
      await write(topic, 1)
      const tracing = harness.trace({ commitSpans: true })
      for await (const message of await harness.stream(topic, { groupId })) {
        await tracing.traceEach(message, () => message.commit())
        break
      }

      const [commit, process, ...others] = await harness.spans(2)
      expect(others).toEqual([])
      const attributes = {
        'messaging.system.name': 'kafka',
        'messaging.operation.name': 'commit',
        'messaging.destination.name': topic,
        'messaging.destination.partition.id': '0',
        'messaging.consumer.group.name': groupId,
        'server.address': '127.0.0.1',
        'server.port': harness.port,
        'messaging.operation.type': 'settle',
      }
      expect(described(commit)).toEqual({
        name: `commit ${topic}`,
        kind: SpanKind.CLIENT,
        status: { code: SpanStatusCode.UNSET },
        attributes: {
          ...attributes,
          'messaging.client.id': 'shop',
          'kafka.cluster.id': expect.any(String),
          'kafka.offset': 1,
        },
        events: [],
        links: [],
        parent: process?.spanContext().spanId,
        trace: process?.spanContext().traceId,
      })
      expect(await pointsOf(harness.recorder, 'messaging.client.operation.duration')).toEqual([
        { attributes, value: 1 },
      ])
    },
    BROKER_TIME,
  )

  it(
    'that fail end with the name of the error, and tell the caller as ever',
    async () => {
      const topic = unique('orders')
      await write(topic, 1)
      harness.trace({ commitSpans: true })
      const consumer = harness.consumer({ retries: 0 })
      const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false })
      const offsets = [{ topic: 'no topic can have this name', partition: 0, offset: 1n, leaderEpoch: 0 }]

      const error: Error = await consumer.commit({ offsets }).then(
        () => new Error('it succeeded'),
        (reason: Error) => reason,
      )
      await stream.close()

      const [commit] = await harness.spans(1)
      expect(described(commit)).toMatchObject({
        status: { code: SpanStatusCode.ERROR, message: error.message },
        attributes: { 'error.type': 'UNKNOWN_TOPIC_OR_PARTITION' },
        events: [{ name: 'exception' }],
      })
    },
    BROKER_TIME,
  )
})

describe('a consumer group of @platformatic/kafka', () => {
  it(
    'is reported by option',
    async () => {
      const told: unknown[] = []
      const logger = { info: (...args: unknown[]) => told.push(args) }
      const silent = Object.fromEntries(
        ['error', 'warn', 'debug', 'verbose'].map(level => [level, () => undefined]),
      )
      diag.setLogger({ ...silent, ...logger } as unknown as DiagLogger)
      told.length = 0
      const topic = unique('orders')
      const groupId = unique('billing')
      await write(topic, 1)
      harness.trace({ rebalanceEvents: true })
      const consumer = harness.consumer({ groupId })
      const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false })
      await stream.close()
      await new Promise<void>(resolve => consumer.leaveGroup(false, () => resolve()))

      const attributes = { 'messaging.consumer.group.name': groupId }
      expect(told).toEqual([
        ['spanwright: spanwright.messaging.group.join', attributes],
        ['spanwright: spanwright.messaging.group.leave', attributes],
      ])
      expect(harness.recorder.spans()).toEqual([])
    },
    BROKER_TIME,
  )

  it(
    'is behind by what of each partition was not processed yet, until its stream is closed',
    async () => {
      const observed = new ObservedLag()
      const { meterProvider } = observed
      const topic = unique('orders')
      const groupId = unique('billing')
      await write(topic, 3)
      harness.trace({ meterProvider })
      const stream = await harness.stream(topic, { groupId })

      const seen: unknown[] = []
      for await (const { offset } of stream) {
        seen.push(...(await observed.points()))
        if (offset === 2n) break
      }

      const attributes = {
        'messaging.system.name': 'kafka',
        'messaging.destination.name': topic,
        'messaging.destination.partition.id': '0',
        'messaging.consumer.group.name': groupId,
      }
      expect(seen).toEqual([3, 2, 1].map(value => ({ attributes, value })))
      await harness.spans(3)
      expect(await observed.points()).toEqual([])
    },
    BROKER_TIME,
  )
})
