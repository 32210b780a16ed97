import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { createServer } from 'node:net'
import { Client } from 'pg'
import { startPostgres, type PostgresService } from '@spanwright/services'
import { childProcesses, foldersIn, runToItsEnd } from './leftovers.ts'

jest.setTimeout(30_000)

const ownEnvironment = process.env['DATABASE_URL']
beforeAll(() => {
  delete process.env['DATABASE_URL']
})
afterEach(() => {
  delete process.env['DATABASE_URL']
})
afterAll(() => {
  if (ownEnvironment !== undefined) process.env['DATABASE_URL'] = ownEnvironment
})

async function query(service: PostgresService, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: service.connectionString })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text)).rows
  } finally {
    await client.end()
  }
}

describe('startPostgres', () => {
  let service: PostgresService
  beforeAll(async () => {
    service = await startPostgres({ database: 'shop "1"', password: 'p@ss:/?#' })
  })
  afterAll(() => service.stop())

  it('answers queries in the requested database', async () => {
    expect(service).toMatchObject({
      kind: 'embedded',
      host: '127.0.0.1',
      user: 'postgres',
      password: 'p@ss:/?#',
    })
    expect(await query(service, 'SELECT current_database() AS name, 1 + 1 AS sum')).toEqual([
      { name: 'shop "1"', sum: 2 },
    ])
  })

  it('refuses a wrong password', async () => {
    const { host, port, user } = service
    const client = new Client({ host, port, user, password: 'wrong', database: 'postgres' })
    await expect(client.connect()).rejects.toMatchObject({ code: '28P01' })
  })

  it('keeps its data and port after a crash in the middle of a query', async () => {
    const port = service.port
    await query(service, 'CREATE TABLE kept AS SELECT 42 AS answer')
    const client = new Client({ connectionString: service.connectionString })
    client.on('error', () => {})
    await client.connect()
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    const sleeping = client.query('SELECT pg_sleep(60)').catch((error: Error) => error.message)
    await query(service, `SELECT 1 FROM pg_stat_activity WHERE pid = ${rows[0]?.pid}`)
    await service.crash()
    expect(await sleeping).toMatch(/terminat/)
    await expect(query(service, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await service.restart()
    expect(service.port).toBe(port)
    expect(await query(service, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }])
  })

  it('uses the server of DATABASE_URL and leaves it running', async () => {
    process.env['DATABASE_URL'] = service.connectionString
    const other = await startPostgres()
    const { host, port, user, password, database } = service
    expect(other).toMatchObject({ kind: 'environment', host, port, user, password, database })
    await other.stop()
    expect(await query(other, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    await expect(other.crash()).rejects.toThrow('DATABASE_URL')
  })

  it('says what is wrong with DATABASE_URL without its password', async () => {
    process.env['DATABASE_URL'] = `postgresql://postgres:hidden@127.0.0.1:${service.port}/shop`
    await expect(startPostgres()).rejects.toThrow(
      `DATABASE_URL: cannot connect to database "shop" at 127.0.0.1:${service.port} as "postgres": ` +
        'password authentication failed for user "postgres"',
    )
    process.env['DATABASE_URL'] = 'mysql://root:hidden@127.0.0.1/shop'
    await expect(startPostgres()).rejects.toThrow('DATABASE_URL: expected a URL that begins with postgres://')
  })
})

describe('a server of startPostgres', () => {
  it('can be stopped twice, and leaves no process and no folder', async () => {
    const before = childProcesses()
    const lines: string[] = []
    const service = await startPostgres({ onProgress: line => lines.push(line) })
    expect(childProcesses().length).toBeGreaterThan(before.length)
    expect(foldersIn(lines)).toHaveLength(1)
    await service.stop()
    await service.stop()
    expect(childProcesses()).toEqual(before)
    expect(foldersIn(lines)).toEqual([])
    expect(lines.at(-1)).toBe(`PostgreSQL: ready on 127.0.0.1:${service.port}`)
  })

  it('does not start on a port in use', async () => {
    const lines: string[] = []
    const holder = createServer().listen(0, '127.0.0.1')
    await new Promise(resolve => holder.once('listening', resolve))
    const address = holder.address()
    const port = typeof address === 'object' ? address?.port : undefined
    if (port === undefined) throw new Error('not listening')
    await expect(startPostgres({ port, onProgress: line => lines.push(line) })).rejects.toThrow(
      `PostgreSQL: port ${port} on 127.0.0.1 is in use`,
    )
    await new Promise(resolve => holder.close(resolve))
    expect(lines).not.toEqual([])
    expect(foldersIn(lines)).toEqual([])
  })

  it.each(['stop', 'exit', 'throw', 'SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
    'is gone when its process ends by %s',
    async ending => {
      const end = await runToItsEnd('startPostgres', ending)
      expect(end.left).toEqual([])
      expect(end.signal).toBe(ending.startsWith('SIG') ? ending : null)
    },
  )
})
