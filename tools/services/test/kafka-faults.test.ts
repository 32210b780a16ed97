import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { startKafka, type KafkaService } from '@spanwright/services'
import { Inbox, TestClient, unique } from './kafka-client.ts'
import { childProcesses, foldersIn, runToItsEnd } from './leftovers.ts'

jest.setTimeout(60_000)

describe('a broker that restarts', () => {
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

  it('keeps its address, records and offsets', async () => {
    const [topic, groupId] = [unique('kept'), unique('group')]
    const { brokers } = service
    const producer = await client.producer()
    await producer.send({ topic, messages: [{ value: 'before' }] })
    const consumer = await client.consumer(topic, { groupId })
    const inbox = new Inbox()
    await consumer.run({ eachMessage: inbox.take })
    await inbox.holds(1)
    await consumer.disconnect()
    await service.restart()
    expect(service.brokers).toEqual(brokers)
    const admin = await client.admin()
    expect(await admin.fetchTopicOffsets(topic)).toEqual([{ partition: 0, offset: '1', high: '1', low: '0' }])
    expect((await admin.fetchOffsets({ groupId, topics: [topic] }))[0]?.partitions[0]?.offset).toBe('1')
  })

  it('receives the pending message, and its consumers again, once it is back', async () => {
    const topic = unique('survived')
    const producer = await client.producer()
    const inbox = new Inbox()
    await producer.send({ topic, messages: [{ value: 'before' }] })
    const consumer = await client.consumer(topic, { sessionTimeout: 2000, rebalanceTimeout: 2000 })
    // A message is delivered again when the broker ends before its offset is committed.
    const committed = new Promise(resolve => consumer.on(consumer.events.COMMIT_OFFSETS, resolve))
    await consumer.run({ eachMessage: inbox.take })
    await committed
    await service.crash()
    const sent = producer.send({ topic, messages: [{ value: 'after' }] })
    await service.restart()
    await sent
    await inbox.holds(2)
    expect(inbox.values).toEqual(['before', 'after'])
  })
})

describe('a broker', () => {
  let service: KafkaService
  beforeAll(async () => {
    service = await startKafka()
  })
  afterAll(() => service.stop())

  it.each([
    ['that are not a frame', Buffer.from('GET / HTTP/1.1\r\nHost: kafka\r\n\r\n')],
    ['with a negative length', Buffer.from([255, 255, 255, 255, 0, 0])],
    ['that name an unknown request', frame([0x7f, 0xff, 0, 0, 0, 0, 0, 1, 255, 255])],
    ['that name an unknown version', frame([0, 3, 0x7f, 0xff, 0, 0, 0, 1, 255, 255])],
    ['that end too early', frame([0, 1, 0, 11, 0, 0, 0, 1, 255, 255, 0, 0])],
    ['with an endless list', frame([0, 3, 0, 6, 0, 0, 0, 1, 255, 255, 0x7f, 255, 255, 255])],
  ])('closes the connection on bytes %s and serves others', async (_what, bytes) => {
    const [host, port] = (service.brokers[0] ?? '').split(':')
    const socket = createConnection({ host: host ?? '', port: Number(port) })
    socket.on('error', () => {})
    socket.resume()
    socket.write(bytes)
    await once(socket, 'close')
    const client = new TestClient(service)
    const admin = await client.admin()
    expect((await admin.describeCluster()).brokers).toHaveLength(1)
    await client.close()
  })

  it('accepts a request that arrives in pieces', async () => {
    const [host, port] = (service.brokers[0] ?? '').split(':')
    const socket = createConnection({ host: host ?? '', port: Number(port), noDelay: true })
    const apiVersions = frame([0, 18, 0, 2, 0, 0, 0, 42, 255, 255])
    for (const byte of apiVersions) {
      await new Promise(resolve => socket.write(Buffer.from([byte]), resolve))
    }
    const [answer] = await once(socket, 'data')
    expect(Buffer.from(answer).subarray(4, 10)).toEqual(Buffer.from([0, 0, 0, 42, 0, 0]))
    socket.destroy()
  })
})

function frame(content: number[]): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(content.length)
  return Buffer.concat([length, Buffer.from(content)])
}

describe('startKafka', () => {
  const environment = { ...process.env }
  afterEach(() => {
    for (const name of ['KAFKA', 'KAFKA_BROKERS', 'PATH']) {
      const value = environment[name]
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  })

  it('leaves no process and no folder after stop, even when called twice', async () => {
    const before = childProcesses()
    const lines: string[] = []
    const service = await startKafka({ onProgress: line => lines.push(line) })
    expect(foldersIn(lines)).toHaveLength(service.kind === 'apache' ? 1 : 0)
    await service.stop()
    await service.stop()
    expect(childProcesses()).toEqual(before)
    expect(foldersIn(lines)).toEqual([])
    expect(lines.at(-1)).toContain(`ready on ${service.brokers[0]}`)
  })

  it.each(['stop', 'exit', 'throw', 'SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
    'leaves nothing when its process ends by %s',
    async ending => {
      const end = await runToItsEnd('startKafka', ending)
      expect(end.left).toEqual([])
      expect(end.signal).toBe(ending.startsWith('SIG') ? ending : null)
    },
  )

  it('uses the brokers of KAFKA_BROKERS and leaves them running', async () => {
    const own = await startKafka()
    process.env['KAFKA_BROKERS'] = own.brokers.join(', ')
    const other = await startKafka()
    expect(other).toMatchObject({ kind: 'environment', brokers: own.brokers })
    await other.stop()
    await expect(other.restart()).rejects.toThrow('KAFKA_BROKERS')
    const client = new TestClient(other)
    await client.createTopic(unique('alive'))
    await client.close()
    await own.stop()
    await expect(startKafka()).rejects.toThrow(`KAFKA_BROKERS: cannot connect to ${own.brokers[0]}: `)
  })

  it('does not start on a port in use', async () => {
    const service = await startKafka()
    const port = Number(service.brokers[0]?.split(':')[1])
    await expect(startKafka({ port })).rejects.toThrow(`Kafka: port ${port} on 127.0.0.1 is in use`)
    await service.stop()
  })

  it('reports unknown settings and missing programs', async () => {
    process.env['KAFKA'] = 'redpanda'
    await expect(startKafka()).rejects.toThrow('KAFKA: expected "apache" or "in-process", got "redpanda"')
    process.env['KAFKA'] = 'apache'
    process.env['PATH'] = '/nowhere'
    delete process.env['JAVA_HOME']
    await expect(startKafka()).rejects.toThrow('KAFKA=apache needs Java 17 or newer')
  })
})
