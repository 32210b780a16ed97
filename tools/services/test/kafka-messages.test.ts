import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { CompressionTypes } from 'kafkajs'
import { startKafka, type KafkaService } from '@spanwright/services'
import { Inbox, TestClient, unique } from './kafka-client.ts'

jest.setTimeout(60_000)

let service: KafkaService
let client: TestClient
beforeAll(async () => {
  service = await startKafka()
  client = new TestClient(service)
})
afterAll(async () => {
  await client.close()
  await service.stop()
})

async function readAll(topic: string, count: number): Promise<Inbox> {
  const inbox = new Inbox()
  const consumer = await client.consumer(topic)
  await consumer.run({ eachMessage: inbox.take })
  await inbox.holds(count)
  await consumer.stop()
  return inbox
}

describe('messages', () => {
  it('arrive with their keys, values and headers as they were sent', async () => {
    const topic = unique('headers')
    const producer = await client.producer()
    const binary = Buffer.from([0, 255, 1, 128])
    const sent = await producer.send({
      topic,
      messages: [
        { key: 'key', value: 'value', headers: { text: 'ä', binary, repeated: ['one', 'two'], empty: '' } },
        { key: null, value: 'no key' },
        { key: '', value: '' },
        { key: 'gone', value: null },
      ],
    })
    expect(sent).toEqual([
      expect.objectContaining({ topicName: topic, partition: 0, baseOffset: '0', errorCode: 0 }),
    ])
    const { seen } = await readAll(topic, 4)
    expect(seen.map(({ offset, key, value }) => ({ offset, key, value }))).toEqual([
      { offset: '0', key: 'key', value: 'value' },
      { offset: '1', key: null, value: 'no key' },
      { offset: '2', key: '', value: '' },
      { offset: '3', key: 'gone', value: null },
    ])
    expect(seen[0]?.headers).toEqual({
      text: Buffer.from('ä'),
      binary,
      repeated: [Buffer.from('one'), Buffer.from('two')],
      empty: Buffer.alloc(0),
    })
    expect(seen[1]?.headers).toEqual({})
  })

  it('keep their order in each of several partitions', async () => {
    const topic = unique('partitions')
    await client.createTopic(topic, 3)
    const producer = await client.producer()
    for (const round of [0, 1]) {
      const messages = [0, 1, 2].map(partition => ({ partition, value: `${partition}.${round}` }))
      await producer.send({ topic, messages })
    }
    const inbox = await readAll(topic, 6)
    const byPartition = [0, 1, 2].map(partition => inbox.seen.filter(one => one.partition === partition))
    expect(byPartition.map(seen => seen.map(one => [one.offset, one.value]))).toEqual([
      [
        ['0', '0.0'],
        ['1', '0.1'],
      ],
      [
        ['0', '1.0'],
        ['1', '1.1'],
      ],
      [
        ['0', '2.0'],
        ['1', '2.1'],
      ],
    ])
  })

  it('arrive as batches with their offsets in the log', async () => {
    const topic = unique('batches')
    const producer = await client.producer()
    await producer.send({ topic, messages: [{ value: 'a' }, { value: 'b' }] })
    await producer.send({ topic, messages: [{ value: 'c' }] })
    const consumer = await client.consumer(topic)
    const batches: unknown[] = []
    await new Promise<void>((resolve, reject) => {
      const eachBatch: Parameters<typeof consumer.run>[0] = {
        eachBatch: async ({ batch, resolveOffset }) => {
          for (const message of batch.messages) {
            batches.push([batch.highWatermark, message.offset, message.value?.toString()])
            resolveOffset(message.offset)
          }
          if (batches.length === 3) resolve()
        },
      }
      consumer.run(eachBatch).catch(reject)
    })
    await consumer.stop()
    expect(batches).toEqual([
      ['3', '0', 'a'],
      ['3', '1', 'b'],
      ['3', '2', 'c'],
    ])
  })

  it('may be compressed', async () => {
    const topic = unique('gzip')
    const producer = await client.producer()
    const long = 'spanwright '.repeat(1000)
    await producer.send({
      topic,
      compression: CompressionTypes.GZIP,
      messages: [{ value: long }, { value: 'b' }],
    })
    expect((await readAll(topic, 2)).values).toEqual([long, 'b'])
  })

  it('reach a waiting consumer immediately', async () => {
    const topic = unique('waiting')
    await client.createTopic(topic)
    const producer = await client.producer()
    const consumer = await client.consumer(topic, { maxWaitTimeInMs: 2000 })
    const inbox = new Inbox()
    const waiting = new Promise(resolve => consumer.on(consumer.events.FETCH_START, resolve))
    await consumer.run({ eachMessage: inbox.take })
    await waiting
    const started = performance.now()
    await producer.send({ topic, messages: [{ value: 'now' }] })
    await inbox.holds(1)
    expect(performance.now() - started).toBeLessThan(1000)
  })

  it('need no acknowledgement', async () => {
    const topic = unique('acks')
    await client.createTopic(topic)
    const producer = await client.producer()
    await producer.send({ topic, acks: 0, messages: [{ value: 'unheard' }] })
    await producer.send({ topic, acks: 1, messages: [{ value: 'heard' }] })
    expect((await readAll(topic, 2)).values).toEqual(['unheard', 'heard'])
  })

  it('are refused when they are too large', async () => {
    const topic = unique('large')
    await client.createTopic(topic)
    const producer = await client.producer()
    const value = Buffer.alloc(2 * 1024 * 1024)
    await expect(producer.send({ topic, messages: [{ value }] })).rejects.toMatchObject({
      type: 'MESSAGE_TOO_LARGE',
      code: 10,
    })
  })

  it('create their topic unless the client disables it', async () => {
    const producer = await client.producer({ allowAutoTopicCreation: false, retry: { retries: 0 } })
    const topic = unique('missing')
    await expect(producer.send({ topic, messages: [{ value: 'lost' }] })).rejects.toMatchObject({
      cause: expect.objectContaining({ type: 'UNKNOWN_TOPIC_OR_PARTITION' }),
    })
    const creator = await client.producer()
    await creator.send({ topic, messages: [{ value: 'kept' }] })
    expect((await readAll(topic, 1)).values).toEqual(['kept'])
  })

  it('are written once by an idempotent producer', async () => {
    const topic = unique('idempotent')
    await client.createTopic(topic, 2)
    const producer = await client.producer({ idempotent: true, maxInFlightRequests: 1 })
    for (const value of ['a', 'b', 'c']) {
      await producer.send({ topic, messages: [0, 1].map(partition => ({ partition, value })) })
    }
    const { seen } = await readAll(topic, 6)
    expect(seen.filter(one => one.partition === 1).map(one => one.value)).toEqual(['a', 'b', 'c'])
  })
})
