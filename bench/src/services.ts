import { startKafka, startPostgres } from '@spanwright/services'
import { Kafka, logLevel } from 'kafkajs'
import { Client } from 'pg'

import { PREPARED_MESSAGES, PREPARED_TOPIC } from './measured/prepared-topic.ts'
import type { LibraryEntry } from './libraries.ts'
import type { SdkState } from './measured/protocol.ts'
import { serveGrpc } from './measured/grpc.ts'
import { startUpstream } from './upstream.ts'

/** What a client calls while it is measured. */
export interface Service {
  /** `host:port`, or a connection string. */
  readonly address: string
  close(): void | Promise<void>
}

/** A service that a library calls did not start. */
export class ServiceUnavailable extends Error {}

/** Starts what a library calls, outside of the measured process. */
function startService(kind: LibraryEntry['service'], state: SdkState): Promise<Service> {
  if (kind === 'upstream') return startUpstream()
  if (kind === 'kafka') return startBroker(state)
  if (kind === 'grpc') return startGrpc()
  if (kind === 'postgres') return startDatabase()
  return Promise.resolve({ address: '', close: () => {} })
}

/** Services for all measurements of a run. */
export class Services {
  private readonly started = new Map<string, Promise<Service>>()

  /**
   * The service for one measurement; it is to be closed afterwards.
   * @throws ServiceUnavailable when it does not start
   */
  async serviceFor(kind: LibraryEntry['service'], state: SdkState): Promise<Service> {
    try {
      // The broker keeps what is sent to it: each process gets an empty one.
      if (kind === 'kafka') return await startService(kind, state)
      let starting = this.started.get(kind)
      if (!starting) {
        starting = startService(kind, state)
        this.started.set(kind, starting)
      }
      const { address } = await starting
      return { address, close: () => {} }
    } catch (error) {
      throw new ServiceUnavailable(error instanceof Error ? error.message : String(error))
    }
  }

  async close(): Promise<void> {
    for (const starting of this.started.values()) {
      await starting.then(
        service => service.close(),
        () => {},
      )
    }
  }
}

async function startGrpc(): Promise<Service> {
  const served = await serveGrpc()
  return { address: `127.0.0.1:${served.port}`, close: () => served.close() }
}

async function startDatabase(): Promise<Service> {
  const postgres = await startPostgres()
  const client = new Client({ connectionString: postgres.connectionString })
  await client.connect()
  await client.query('CREATE TABLE IF NOT EXISTS users (id integer PRIMARY KEY, name text NOT NULL)')
  await client.query(
    `INSERT INTO users SELECT id, 'user ' || id FROM generate_series(1, 100) id ON CONFLICT DO NOTHING`,
  )
  await client.end()
  return { address: postgres.connectionString, close: () => postgres.stop() }
}

async function startBroker(state: SdkState): Promise<Service> {
  const broker = await startKafka()
  const address = broker.brokers[0] ?? ''
  const kafka = new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING })
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic: PREPARED_TOPIC, messages: preparedMessages(state) })
  await producer.disconnect()
  return { address, close: () => broker.stop() }
}

/** Messages of a trace that is sampled when the consumer's own would be. */
function preparedMessages(
  state: SdkState,
): { key: string; value: string; headers: Record<string, string> }[] {
  const sampled = state === 'unsampled' ? '00' : '01'
  return Array.from({ length: PREPARED_MESSAGES }, (_, index) => ({
    key: `order-${index}`,
    value: JSON.stringify({ id: index, name: 'Ada', items: ['tea', 'milk'], total: 12.5 }),
    headers: { traceparent: `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-${sampled}` },
  }))
}
