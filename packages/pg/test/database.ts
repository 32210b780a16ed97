import { afterAll, afterEach, beforeAll } from '@jest/globals'
import { type PostgresService, startPostgres } from '@spanwright/services'
import { recordSpans, type RecordSpansOptions, type SpanRecorder } from '@spanwright/testing'
import { Client, type ClientConfig, Pool, type PoolConfig } from 'pg'

import { expectWhole } from './whole-span.ts'

/** A PostgreSQL server and a global recorder for the tests of one file, and clients that are closed after each test. */
export interface Database {
  readonly server: PostgresService
  readonly recorder: SpanRecorder
  /** A pool that is ended after the test. */
  pool(options?: PoolConfig): Pool
  /** A connected client that is ended after the test. */
  client(options?: ClientConfig): Promise<Client>
  /** Where the server is. */
  config(options?: ClientConfig): ClientConfig
  /** Ends something after the test. */
  later(end: () => unknown): void
}

export function useDatabase(setUp: readonly string[] = [], options: RecordSpansOptions = {}): Database {
  let server: PostgresService
  let recorder: SpanRecorder
  let ends: (() => unknown)[] = []

  beforeAll(async () => {
    server = await startPostgres({ database: 'shop' })
    const client = new Client(config())
    await client.connect()
    for (const text of setUp) await client.query(text)
    await client.end()
    recorder = recordSpans({ global: true, ...options })
  }, 60_000)
  afterEach(async () => {
    for (const end of ends.toReversed()) await end()
    ends = []
    recorder.spans().forEach(expectWhole)
    await recorder.reset()
  })
  afterAll(async () => {
    await recorder?.stop()
    await server?.stop()
  })

  function config(more: ClientConfig = {}): ClientConfig {
    const { host, port, user, password, database } = server
    return { host, port, user, password, database, ...more }
  }

  return {
    get server() {
      return server
    },
    get recorder() {
      return recorder
    },
    config,
    later: end => void ends.push(end),
    pool(more = {}) {
      const pool = new Pool({ ...config(), ...more })
      pool.on('error', () => {})
      ends.push(() => (pool.ending ? undefined : pool.end()))
      return pool
    },
    async client(more = {}) {
      const client = new Client(config(more))
      client.on('error', () => {})
      await client.connect()
      ends.push(() => client.end())
      return client
    },
  }
}
