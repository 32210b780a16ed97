import { EventEmitter, once } from 'node:events'

import { describe, expect, it } from '@jest/globals'
import type { TracedRunConfig } from '@spanwright/kafkajs'
import type { ConsumerRunConfig } from 'kafkajs'

import { BROKER_TIME, Harness, pointsOf, runUntil, unique } from './harness.ts'
import { ObservedLag } from './observed-lag.ts'

type RunConfig = TracedRunConfig<ConsumerRunConfig>

const harness = new Harness()

/** A timestamp some seconds ago. */
const ago = (seconds: number): string => String(Date.now() - seconds * 1000)

const QUEUE = 'spanwright.messaging.queue.duration'

async function sumOf(name: string): Promise<number | undefined> {
  const metric = (await harness.recorder.metrics()).find(({ descriptor }) => descriptor.name === name)
  return (metric?.dataPoints[0]?.value as { sum?: number } | undefined)?.sum
}

describe('the time in the queue', () => {
  it(
    'is recorded for every message, and measured per group, topic and partition',
    async () => {
      const topic = await harness.topic(2)
      const groupId = unique('group')
      await harness.write(topic, { value: '0', partition: 1, timestamp: ago(100) })
      const consumer = await harness.consumer(harness.traced(), topic, { groupId })
      await runUntil(consumer, done => ({ eachMessage: async () => done() }))

      const [span] = harness.recorder.spans()
      expect(span?.attributes['spanwright.messaging.queue_time']).toBeCloseTo(100, -1)
      expect(await pointsOf(harness.recorder, QUEUE)).toEqual([
        {
          attributes: {
            'messaging.system.name': 'kafka',
            'messaging.destination.name': topic,
            'messaging.destination.partition.id': '1',
            'messaging.consumer.group.name': groupId,
          },
          value: 1,
        },
      ])
      expect(await sumOf(QUEUE)).toBeCloseTo(100, -1)
    },
    BROKER_TIME,
  )

  it(
    'is 0 where the clock of the producer is ahead',
    async () => {
      const { consumer } = await harness.delivery([{ value: '0', timestamp: ago(-100) }])
      await runUntil(consumer, done => ({ eachMessage: async () => done() }))

      const [span] = harness.recorder.spans()
      expect(span?.attributes).toMatchObject({ 'spanwright.messaging.queue_time': 0 })
    },
    BROKER_TIME,
  )

  it(
    'of a batch is that of the message that waited longest, and each message is measured once',
    async () => {
      const { consumer } = await harness.delivery([
        { value: '0', timestamp: ago(200) },
        { value: '1', timestamp: ago(300) },
        { value: '2', timestamp: ago(100) },
      ])
      await runUntil(consumer, done => ({
        eachBatch: async ({ batch, traceEach }) => {
          for (const message of batch.messages.slice(0, 2)) traceEach(message, () => undefined)
          done()
        },
      }))

      const times = harness.recorder
        .spans()
        .map(({ attributes }) => Number(attributes['spanwright.messaging.queue_time']) / 100)
      expect(times.map(Math.round)).toEqual([2, 3, 3])
      expect((await pointsOf(harness.recorder, QUEUE)).map(({ value }) => value)).toEqual([3])
      expect(await sumOf(QUEUE)).toBeCloseTo(600, -2)
    },
    BROKER_TIME,
  )
})

describe('the lag of a consumer', () => {
  it(
    'is what of each partition it has not processed yet, until it stops',
    async () => {
      const observed = new ObservedLag()
      const { meterProvider } = observed
      const topic = await harness.topic(2)
      const groupId = unique('group')
      await harness.write(topic, ...[0, 1, 2].map(n => ({ value: String(n), partition: 0 })), {
        value: '0',
        partition: 1,
      })
      const consumer = await harness.consumer(harness.traced({ meterProvider }), topic, { groupId })
      const gate = new EventEmitter()
      const [inWork, opened] = [once(gate, 'first'), once(gate, 'open')]
      let seen = 0
      const all = once(gate, 'all')
      consumer.on(consumer.events.END_BATCH_PROCESS, () => {
        if (seen === 4) gate.emit('all')
      })

      await consumer.run({
        eachMessage: async ({ partition }) => {
          seen++
          if (partition !== 0) return
          gate.emit('first')
          await opened
        },
      })
      await inWork
      const lagOf = async (partition: string): Promise<unknown[]> =>
        (await observed.points()).filter(
          ({ attributes }) => attributes['messaging.destination.partition.id'] === partition,
        )
      const attributes = {
        'messaging.system.name': 'kafka',
        'messaging.destination.name': topic,
        'messaging.destination.partition.id': '0',
        'messaging.consumer.group.name': groupId,
      }
      expect(await lagOf('0')).toEqual([{ attributes, value: 3 }])
      gate.emit('open')
      await all
      expect(await lagOf('0')).toEqual([{ attributes, value: 0 }])
      expect(await lagOf('1')).toMatchObject([{ value: 0 }])

      await consumer.disconnect()
      expect(await observed.points()).toEqual([])
    },
    BROKER_TIME,
  )

  const paused: [string, RunConfig, number][] = [
    [
      'a message',
      {
        eachMessage: async ({ message, pause }) => {
          if (message.offset === '1') pause()
        },
      },
      3,
    ],
    [
      'a batch that is resolved by hand',
      {
        eachBatchAutoResolve: false,
        eachBatch: async ({ resolveOffset, pause }) => {
          resolveOffset('1')
          pause()
        },
      },
      3,
    ],
    [
      'a batch of which nothing is resolved',
      { eachBatchAutoResolve: false, eachBatch: async ({ pause }) => void pause() },
      5,
    ],
    [
      'a batch that is resolved to its end',
      {
        eachBatchAutoResolve: false,
        eachBatch: async ({ resolveOffset, pause }) => {
          resolveOffset('4')
          pause()
        },
      },
      0,
    ],
    ['a batch that kafkajs resolves', { eachBatch: async ({ pause }) => void pause() }, 0],
  ]

  it.each(paused)(
    'counts what is left of the batch while the partition is paused by the handler of %s',
    async (_what, config, left) => {
      const observed = new ObservedLag()
      const { meterProvider } = observed
      const { consumer } = await harness.delivery(
        [0, 1, 2, 3, 4].map(n => ({ value: String(n) })),
        {
          meterProvider,
        },
      )
      const ended = new Promise<void>(resolve => {
        consumer.on(consumer.events.END_BATCH_PROCESS, () => resolve())
      })
      await consumer.run(config)
      await ended

      expect(await observed.points()).toMatchObject([{ value: left }])
    },
    BROKER_TIME,
  )

  it(
    'goes down with each message of a batch, and not with one that fails',
    async () => {
      const observed = new ObservedLag()
      const { meterProvider } = observed
      const topic = await harness.topic()
      await harness.write(topic, ...[0, 1, 2].map(n => ({ value: String(n) })))
      const messages = await harness.consumer(harness.traced({ meterProvider }), topic)
      const lags: unknown[] = []
      const noteLag = async (): Promise<void> =>
        void lags.push(...(await observed.points()).map(({ value }) => value))
      let fails = true
      await runUntil(messages, done => ({
        eachMessage: async ({ message }) => {
          await noteLag()
          if (message.offset === '2') done()
          if (message.offset !== '1' || !fails) return
          fails = false
          throw new Error('once')
        },
      }))
      expect(lags.splice(0)).toEqual([3, 2, 2, 1])

      const batches = await harness.consumer(harness.traced({ meterProvider }), topic)
      await runUntil(batches, done => ({
        eachBatch: async ({ batch, resolveOffset }) => {
          for (const { offset } of batch.messages) {
            await noteLag()
            resolveOffset(offset)
          }
          await noteLag()
          done()
        },
      }))
      expect(lags).toEqual([3, 2, 1, 0])
    },
    BROKER_TIME,
  )

  it(
    'is no longer told of a partition that another consumer of the group has got',
    async () => {
      const observed = new ObservedLag()
      const { meterProvider } = observed
      const topic = await harness.topic(2)
      const groupId = unique('group')
      await harness.write(topic, { value: '0', partition: 0 }, { value: '1', partition: 1 })
      const first = await harness.consumer(harness.traced({ meterProvider }), topic, { groupId })
      const events = new EventEmitter()
      const both = once(events, 'both')
      let seen = 0
      first.on(first.events.END_BATCH_PROCESS, () => {
        if (++seen === 2) events.emit('both')
      })
      await first.run({ eachMessage: async () => undefined })
      await both
      expect(await observed.points()).toHaveLength(2)

      const shared = new Promise<void>(resolve => {
        first.on(first.events.GROUP_JOIN, ({ payload }) => {
          if (payload.memberAssignment[topic]?.length === 1) resolve()
        })
      })
      const second = await harness.consumer(harness.bare(), topic, { groupId })
      await second.run({ eachMessage: async () => undefined })
      await shared

      expect(await observed.points()).toHaveLength(1)
    },
    BROKER_TIME,
  )
})
