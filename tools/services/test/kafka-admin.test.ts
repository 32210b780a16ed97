import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { ConfigResourceTypes, type Admin } from 'kafkajs'
import { startKafka, type KafkaService } from '@spanwright/services'
import { TestClient, unique } from './kafka-client.ts'

jest.setTimeout(60_000)

let service: KafkaService
let client: TestClient
let admin: Admin
beforeAll(async () => {
  service = await startKafka({ partitions: 2 })
  client = new TestClient(service)
  admin = await client.admin()
})
afterAll(async () => {
  await client.close()
  await service.stop()
})

describe('an admin', () => {
  it('creates, lists, describes and deletes topics', async () => {
    const topic = unique('admin')
    const configEntries = [{ name: 'retention.ms', value: '1000' }]
    expect(await admin.createTopics({ topics: [{ topic, numPartitions: 3, configEntries }] })).toBe(true)
    expect(await admin.createTopics({ topics: [{ topic }] })).toBe(false)
    expect(await admin.listTopics()).toContain(topic)
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    expect(topics[0]?.partitions.map(one => [one.partitionId, one.leader, one.isr])).toEqual(
      expect.arrayContaining([0, 1, 2].map(partition => [partition, 1, [1]])),
    )
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configNames: ['retention.ms'] }],
    })
    expect(resources[0]?.configEntries).toEqual([
      expect.objectContaining({ configName: 'retention.ms', configValue: '1000', isDefault: false }),
    ])
    await admin.deleteTopics({ topics: [topic] })
    expect(await admin.listTopics()).not.toContain(topic)
  })

  it('creates a topic with the default number of partitions when the client sets none', async () => {
    const [asked, produced] = [unique('asked'), unique('produced')]
    await admin.createTopics({ topics: [{ topic: asked }] })
    const producer = await client.producer()
    await producer.send({ topic: produced, messages: [{ value: 'creates it' }] })
    const { topics } = await admin.fetchTopicMetadata({ topics: [asked, produced] })
    expect(topics.map(one => one.partitions.length)).toEqual([2, 2])
  })

  it('refuses invalid topics', async () => {
    const refused = async (topic: Parameters<Admin['createTopics']>[0]['topics'][number]): Promise<unknown> =>
      admin
        .createTopics({ topics: [topic] })
        .catch((error: { errors: { type: string }[] }) => error.errors[0]?.type)
    expect(await refused({ topic: 'not a name' })).toBe('INVALID_TOPIC_EXCEPTION')
    expect(await refused({ topic: unique('none'), numPartitions: 0 })).toBe('INVALID_PARTITIONS')
    expect(await refused({ topic: unique('two'), replicationFactor: 2 })).toBe('INVALID_REPLICATION_FACTOR')
  })

  it('returns the ends of a topic, offsets by time and those of groups', async () => {
    const [topic, groupId] = [unique('offsets'), unique('group')]
    await client.createTopic(topic)
    const producer = await client.producer()
    const messages = [1000, 2000, 3000].map(time => ({ value: String(time), timestamp: String(time) }))
    await producer.send({ topic, messages })
    expect(await admin.fetchTopicOffsets(topic)).toEqual([{ partition: 0, offset: '3', high: '3', low: '0' }])
    const atTime = async (time: number): Promise<string | undefined> =>
      (await admin.fetchTopicOffsetsByTimestamp(topic, time))[0]?.offset
    expect([await atTime(0), await atTime(1500), await atTime(3000), await atTime(4000)]).toEqual([
      '0',
      '1',
      '2',
      '3',
    ])

    const offsets = async (): Promise<unknown> => admin.fetchOffsets({ groupId, topics: [topic] })
    expect(await offsets()).toEqual([{ topic, partitions: [{ partition: 0, offset: '-1', metadata: null }] }])
    await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '2' }] })
    expect(await offsets()).toEqual([{ topic, partitions: [{ partition: 0, offset: '2', metadata: null }] }])
    expect(await admin.fetchOffsets({ groupId })).toEqual(await offsets())
  })
})
