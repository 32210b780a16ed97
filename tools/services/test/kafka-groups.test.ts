import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { startKafka, type KafkaService } from '@spanwright/services'
import { Inbox, nextAssignment, TestClient, unique } from './kafka-client.ts'

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

describe('a consumer group', () => {
  it('continues at its committed offset', async () => {
    const [topic, groupId] = [unique('resume'), unique('group')]
    const producer = await client.producer()
    await producer.send({ topic, messages: [{ value: 'a' }, { value: 'b' }] })
    const first = await client.consumer(topic, { groupId })
    const before = new Inbox()
    await first.run({ eachMessage: before.take })
    await before.holds(2)
    await first.disconnect()
    await producer.send({ topic, messages: [{ value: 'c' }] })
    const second = await client.consumer(topic, { groupId })
    const after = new Inbox()
    await second.run({ eachMessage: after.take })
    await after.holds(1)
    await second.disconnect()
    expect([before.values, after.values]).toEqual([['a', 'b'], ['c']])
  })

  it('distributes the partitions among its members and reassigns those of one that leaves', async () => {
    const [topic, groupId] = [unique('shared'), unique('group')]
    await client.createTopic(topic, 4)
    const producer = await client.producer()
    const inbox = new Inbox()
    const one = await client.consumer(topic, { groupId })
    const alone = nextAssignment(one, topic)
    await one.run({ eachMessage: inbox.take })
    expect(await alone).toHaveLength(4)

    const two = await client.consumer(topic, { groupId })
    const shared = Promise.all([nextAssignment(one, topic), nextAssignment(two, topic)])
    await two.run({ eachMessage: inbox.take })
    const [mine, yours] = await shared
    expect([mine.length, yours.length]).toEqual([2, 2])
    expect(new Set([...mine, ...yours])).toEqual(new Set([0, 1, 2, 3]))
    const messages = [0, 1, 2, 3].map(partition => ({ partition, value: `shared ${partition}` }))
    await producer.send({ topic, messages })
    await inbox.holds(4)

    const back = nextAssignment(one, topic)
    await two.disconnect()
    expect(await back).toHaveLength(4)
    await producer.send({
      topic,
      messages: messages.map(({ partition }) => ({ partition, value: `back ${partition}` })),
    })
    await inbox.holds(8)
    await one.disconnect()
    const expected = ['back', 'shared'].flatMap(when => [0, 1, 2, 3].map(partition => `${when} ${partition}`))
    expect(inbox.values).toHaveLength(8)
    expect(new Set(inbox.values)).toEqual(new Set(expected))
  })

  it('gives the partitions of a silent member to the others', async () => {
    const [topic, groupId] = [unique('silent'), unique('group')]
    const settings = { groupId, sessionTimeout: 500, rebalanceTimeout: 1000, heartbeatInterval: 50 }
    const producer = await client.producer()
    await producer.send({ topic, messages: [{ value: 'stuck' }] })
    const silent = await client.consumer(topic, settings)
    let release = (): void => {}
    const stuck = new Promise<void>(resolve => {
      release = resolve
    })
    const taken = new Promise<void>(resolve => {
      void silent.run({
        eachMessage: () => {
          resolve()
          return stuck
        },
      })
    })
    await taken
    const other = await client.consumer(topic, settings)
    const inbox = new Inbox()
    await other.run({ eachMessage: inbox.take })
    await inbox.holds(1)
    const rejoined = nextAssignment(silent, topic)
    release()
    await rejoined
    await Promise.all([silent.disconnect(), other.disconnect()])
    expect(inbox.values).toEqual(['stuck'])
  })

  it('can be described', async () => {
    const [topic, groupId] = [unique('described'), unique('group')]
    await client.createTopic(topic)
    const admin = await client.admin()
    const consumer = await client.consumer(topic, { groupId })
    const joined = nextAssignment(consumer, topic)
    await consumer.run({ eachMessage: new Inbox().take })
    await joined
    const { groups } = await admin.describeGroups([groupId])
    expect(groups).toEqual([
      expect.objectContaining({
        errorCode: 0,
        groupId,
        state: 'Stable',
        protocolType: 'consumer',
        protocol: 'RoundRobinAssigner',
        members: [expect.objectContaining({ clientId: 'test', clientHost: '/127.0.0.1' })],
      }),
    ])
    expect((await admin.listGroups()).groups).toContainEqual({ groupId, protocolType: 'consumer' })
    await expect(admin.deleteGroups([groupId])).rejects.toMatchObject({
      groups: [expect.objectContaining({ error: expect.objectContaining({ type: 'NON_EMPTY_GROUP' }) })],
    })
    await consumer.disconnect()
    expect((await admin.describeGroups([groupId])).groups[0]).toMatchObject({ state: 'Empty', members: [] })
    expect(await admin.deleteGroups([groupId])).toEqual([expect.objectContaining({ groupId, errorCode: 0 })])
    expect((await admin.describeGroups([groupId])).groups[0]).toMatchObject({ state: 'Dead' })
  })
})
