import { randomUUID } from 'node:crypto'

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type KafkaOptions, traceKafka } from '@spanwright/kafkajs'
import { type KafkaService, startKafka } from '@spanwright/services'
import {
  type EachBatchPayload,
  type EachMessagePayload,
  Kafka,
  logLevel,
  type Message,
  Partitioners,
} from 'kafkajs'

import { breaking, broken, type HostileOptions } from './faults.ts'
import { testEveryFault } from './outcome.ts'

const TIME = 120_000

let broker: KafkaService
beforeAll(async () => {
  broker = await startKafka()
}, TIME)
afterAll(() => broker.stop(), TIME)

/** Options that use every part. */
function busy(options: HostileOptions): KafkaOptions {
  return {
    ...options,
    messageSpans: true,
    recordKey: true,
    recordBodySize: true,
    commitSpans: true,
    rebalanceEvents: true,
    parent: breaking,
  }
}

function kafkaWith(options: HostileOptions | undefined): Kafka {
  const kafka = new Kafka({
    brokers: broker.brokers,
    logLevel: logLevel.NOTHING,
    connectionTimeout: 2000,
    retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 2 },
  })
  return options ? traceKafka(kafka, busy(options)) : kafka
}

async function settled(work: () => Promise<unknown>): Promise<unknown> {
  try {
    return await work()
  } catch (error) {
    const { name, type } = error as { name: string; type?: string }
    return { name, type }
  }
}

/** The messages that were sent, without the parts that differ between runs. */
async function sent(work: () => Promise<{ errorCode?: number; partition?: number }[]>): Promise<unknown> {
  return settled(async () => (await work()).map(({ errorCode, partition }) => ({ errorCode, partition })))
}

const MESSAGES: Message[] = [
  { value: 'first', key: 'key' },
  { value: 'second', headers: { traceparent: 'own', baggage: 'a=1' } },
]

describe('traceKafka()', () => {
  testEveryFault('a producer', async options => {
    const kafka = kafkaWith(options)
    const topic = randomUUID()
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
    await producer.connect()
    try {
      return [
        await sent(() => producer.send({ topic, messages: MESSAGES })),
        await sent(() => producer.sendBatch({ topicMessages: [{ topic, messages: MESSAGES }] })),
        await sent(() => producer.send({ topic, messages: [{ value: undefined as never }] })),
        await sent(() => producer.send(null as never)),
        await sent(() => producer.sendBatch({ topicMessages: [{ topic, messages: [broken as never] }] })),
      ]
    } finally {
      await producer.disconnect()
    }
  })
})

describe('the handlers of traceKafka()', () => {
  interface Runnable {
    run(config: {
      eachMessage?: (payload: EachMessagePayload) => Promise<void>
      eachBatch?: (payload: EachBatchPayload) => Promise<void>
    }): Promise<void>
  }

  /** A client with the API of kafkajs that passes the given values to its handlers. */
  function clientOf(payloads: readonly unknown[], failures: unknown[]): Kafka {
    const consumer = {
      connect: async () => undefined,
      async run({ eachMessage, eachBatch }: Parameters<Runnable['run']>[0]) {
        for (const payload of payloads) {
          try {
            await eachMessage?.(payload as never)
            await eachBatch?.(payload as never)
          } catch (error) {
            failures.push((error as Error).message)
          }
        }
      },
    }
    return { producer: () => ({}), consumer: () => consumer } as unknown as Kafka
  }

  const message = {
    key: Buffer.from('key'),
    value: Buffer.from('value'),
    offset: '7',
    timestamp: '1700000000000',
    headers: { traceparent: Buffer.from('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01') },
  }

  const PAYLOADS: readonly unknown[] = [
    { topic: 'orders', partition: 0, message },
    { topic: 'orders', partition: 0, message: { ...message, headers: broken, offset: Symbol('lie') } },
    { topic: 'orders', partition: 0, message: broken },
    { topic: 'orders', partition: 0, message: null },
    { topic: null, partition: null, message: {} },
    { batch: { topic: 'orders', partition: 0, messages: [message, message] } },
    { batch: { topic: 'orders', partition: 0, messages: [broken] } },
    { batch: { topic: 'orders', partition: 0, messages: null } },
    { batch: null },
    { batch: broken },
    {},
  ]

  async function handled(options: HostileOptions | undefined, fails: boolean): Promise<unknown> {
    const failures: unknown[] = []
    const bare = clientOf(PAYLOADS, failures)
    const kafka = options ? traceKafka(bare, busy(options)) : bare
    let calls = 0
    const handler = async (): Promise<void> => {
      calls++
      if (fails) throw new RangeError('too much')
    }
    const consumer = kafka.consumer({ groupId: 'shop' }) as unknown as Runnable
    await consumer.run({ eachMessage: handler })
    await consumer.run({ eachBatch: handler })
    return { calls, failures }
  }

  testEveryFault('handlers that succeed', options => handled(options, false))
  testEveryFault('handlers that fail', options => handled(options, true))

  it('are called once for every payload, even for messages of a batch', async () => {
    const failures: unknown[] = []
    const kafka = traceKafka(clientOf(PAYLOADS.slice(5), failures))
    const works: unknown[] = []
    await (kafka.consumer({ groupId: 'shop' }) as unknown as Runnable).run({
      eachBatch: async payload => {
        const { traceEach } = payload as unknown as {
          traceEach?: (one: unknown, work: () => unknown) => unknown
        }
        works.push(traceEach ? traceEach(broken, () => 'done') : 'bare')
      },
    })
    expect(failures).toEqual([])
    expect(works).toEqual(Array(6).fill('done'))
  })

  it('are not affected by a group that reports wrong data', async () => {
    const listeners: ((event: unknown) => void)[] = []
    const consumer = {
      events: {
        GROUP_JOIN: 'join',
        START_BATCH_PROCESS: 'start',
        END_BATCH_PROCESS: 'end',
        COMMIT_OFFSETS: 'commit',
        REQUEST: 'request',
        STOP: 'stop',
        REBALANCING: 'rebalance',
      },
      on: (_name: string, listener: (event: unknown) => void) => (listeners.push(listener), () => undefined),
      connect: async () => undefined,
      run: async () => undefined,
    }
    const bare = { producer: () => ({}), consumer: () => consumer } as unknown as Kafka
    traceKafka(bare, { commitSpans: true, rebalanceEvents: true }).consumer({ groupId: 'shop' })
    expect(listeners.length).toBeGreaterThan(5)
    for (const listener of listeners) {
      for (const lie of [undefined, null, {}, broken, { payload: broken }, { payload: { topics: broken } }]) {
        expect(() => listener(lie)).not.toThrow()
      }
    }
  })
})
