import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import type { Offsets } from 'kafkajs'
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

function transactional(): { idempotent: true; maxInFlightRequests: number; transactionalId: string } {
  return { idempotent: true, maxInFlightRequests: 1, transactionalId: unique('transaction') }
}

async function consume(topic: string, readUncommitted: boolean): Promise<Inbox> {
  const inbox = new Inbox()
  const consumer = await client.consumer(topic, { readUncommitted })
  await consumer.run({ eachMessage: inbox.take })
  return inbox
}

describe('a transaction', () => {
  it('is visible once it is committed, and never when it is rolled back', async () => {
    const topic = unique('isolated')
    await client.createTopic(topic, 2)
    const [committed, uncommitted] = [await consume(topic, false), await consume(topic, true)]
    const producer = await client.producer(transactional())
    const plain = await client.producer()

    const undone = await producer.transaction()
    await undone.send({ topic, messages: [{ partition: 0, value: 'undone' }] })
    await uncommitted.holds(1)
    await undone.abort()

    const done = await producer.transaction()
    await done.send({ topic, messages: [0, 1].map(partition => ({ partition, value: 'done' })) })
    await plain.send({ topic, messages: [0, 1].map(partition => ({ partition, value: 'behind it' })) })
    await uncommitted.holds(5)
    expect(committed.seen).toEqual([])
    await done.commit()

    await committed.holds(4)
    const inFirst = committed.seen.filter(message => message.partition === 0)
    // Offset 1 is the marker that ends the first transaction.
    expect(inFirst.map(({ offset, value }) => [offset, value])).toEqual([
      ['2', 'done'],
      ['3', 'behind it'],
    ])
    expect(uncommitted.values.filter(value => value === 'undone')).toHaveLength(1)
  })

  it('commits or discards the offsets of a consumer with it', async () => {
    const [topic, groupId] = [unique('offsets'), unique('group')]
    await client.createTopic(topic)
    const admin = await client.admin()
    const producer = await client.producer(transactional())
    const offsets = (offset: string): Offsets & { consumerGroupId: string } => ({
      consumerGroupId: groupId,
      topics: [{ topic, partitions: [{ partition: 0, offset }] }],
    })
    const committed = async (): Promise<string | undefined> =>
      (await admin.fetchOffsets({ groupId, topics: [topic] }))[0]?.partitions[0]?.offset

    const done = await producer.transaction()
    await done.sendOffsets(offsets('5'))
    expect(await committed()).toBe('-1')
    await done.commit()
    expect(await committed()).toBe('5')

    const undone = await producer.transaction()
    await undone.sendOffsets(offsets('7'))
    await undone.abort()
    expect(await committed()).toBe('5')
  })

  it('is fenced by another producer with the same transactional id', async () => {
    const topic = unique('fenced')
    await client.createTopic(topic)
    const config = transactional()
    const zombie = await client.producer(config)
    const lost = await zombie.transaction()
    await lost.send({ topic, messages: [{ value: 'lost' }] })
    const heir = await client.producer(config)
    const kept = await heir.transaction()
    await kept.send({ topic, messages: [{ value: 'kept' }] })
    await kept.commit()
    await expect(lost.commit()).rejects.toMatchObject({ type: 'INVALID_PRODUCER_EPOCH' })
    const inbox = await consume(topic, false)
    await inbox.holds(1)
    expect(inbox.values).toEqual(['kept'])
  })

  it('is rolled back when it takes too long', async () => {
    const topic = unique('slow')
    await client.createTopic(topic)
    const committed = await consume(topic, false)
    const producer = await client.producer({ ...transactional(), transactionTimeout: 300 })
    const slow = await producer.transaction()
    await slow.send({ topic, messages: [{ value: 'slow' }] })
    const plain = await client.producer()
    await plain.send({ topic, messages: [{ value: 'behind it' }] })
    await committed.holds(1)
    expect(committed.values).toEqual(['behind it'])
    await expect(slow.commit()).rejects.toMatchObject({ type: 'INVALID_PRODUCER_EPOCH' })
  })
})
