import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { traceClient, tracePool } from '@spanwright/pg'
import { Client, type ClientConfig, defaults, Pool } from 'pg'

import { endpointOf, resolveTarget } from '../src/connection/endpoint.ts'
import { useDatabase } from './database.ts'

const db = useDatabase(['CREATE SCHEMA sales'])
const VARIABLES = ['PGHOST', 'PGPORT', 'PGDATABASE', 'PGUSER', 'PGOPTIONS', 'USER']
const kept = VARIABLES.map(name => [name, process.env[name]] as const)

const defaultUser = defaults.user

beforeEach(() => VARIABLES.forEach(name => delete process.env[name]))
afterEach(() => {
  defaults.user = defaultUser
  for (const [name, value] of kept) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
})

/** What `resolveTarget` must agree with. */
function asResolvedByPg(config: ClientConfig): object {
  const { host, port, database, user } = new Client(config)
  return { host, port, database, user }
}

describe('the target of a pool', () => {
  it.each<[string, ClientConfig, Record<string, string>]>([
    ['options', { host: 'db.internal', port: 6432, database: 'shop', user: 'ann' }, {}],
    ['nothing', {}, { USER: 'ann' }],
    ['variables', {}, { PGHOST: 'db.internal', PGPORT: '6432', PGDATABASE: 'shop', PGUSER: 'ann' }],
    [
      'variables and options',
      { host: 'other', port: 1 },
      { PGHOST: 'db.internal', PGPORT: '6432', PGUSER: 'ann' },
    ],
    ['a connection string', { connectionString: 'postgres://a%40b:secret@db.internal:6432/sh%20op' }, {}],
    [
      'a connection string over options',
      { connectionString: 'postgresql://ann@db/shop', host: 'x', database: 'y' },
      {},
    ],
    ['a connection string without host', { connectionString: 'postgres:///shop' }, { USER: 'ann' }],
    [
      'a connection string with parameters',
      { connectionString: 'postgres://ann@db/shop?host=other&port=99' },
      {},
    ],
    ['an IPv6 address', { connectionString: 'postgres://ann@[::1]:6432/shop' }, {}],
    ['a socket', { host: '/var/run/postgresql', database: 'shop', user: 'ann' }, {}],
    [
      'a connection string with a socket',
      { connectionString: 'socket:/var/run/pg?db=shop' },
      { USER: 'ann' },
    ],
    ['a path', { connectionString: '/var/run/pg shop' }, { USER: 'ann' }],
    ['a connection string with a user', { connectionString: 'postgres://ann@db' }, {}],
    [
      'a connection string with a user and a socket',
      { connectionString: 'postgres://ann:x@/shop?host=/tmp' },
      {},
    ],
    [
      'a connection string with a socket in place of the host',
      { connectionString: 'postgres://ann@%2Ftmp/shop' },
      {},
    ],
    ['a connection string with blanks', { connectionString: 'postgres://ann:p w%zz@db/sh op' }, {}],
    [
      'a connection string that names the user twice',
      { connectionString: 'postgres://ann@db/shop?user=bob' },
      {},
    ],
    [
      'a connection string that names the database twice',
      { connectionString: 'postgres://ann@db/?database=x' },
      {},
    ],
    ['a connection string with several hosts', { connectionString: 'postgres://ann@one,two:6432/shop' }, {}],
    ['a connection string with settings', { connectionString: 'postgres://ann@db:1/shop?port=99&host=' }, {}],
    ['a socket with a user', { connectionString: 'socket://bob@/var/run/pg?db=shop&encoding=utf8' }, {}],
    ['an empty connection string', { connectionString: '', host: 'db', user: 'ann' }, {}],
  ])('read from %s is what node-postgres connects to', (_, config, environment) => {
    Object.assign(process.env, environment)
    // node-postgres reads this one variable when it is loaded.
    defaults.user = environment['USER']
    const { options, ...target } = resolveTarget(config)
    expect(options).toBeUndefined()
    expect(endpointOf(target, true)).toEqual(endpointOf(asResolvedByPg(config), true))
  })

  it.each([
    [
      { host: 'db', port: 5432, database: 'shop' },
      { 'server.address': 'db', 'db.namespace': 'shop' },
      'db:5432/shop',
    ],
    [{ host: '::1', port: 6432 }, { 'server.address': '::1', 'server.port': 6432 }, '[::1]:6432'],
    [
      { host: '/run/pg', port: 5433, database: 'shop' },
      { 'server.address': '/run/pg/.s.PGSQL.5433', 'db.namespace': 'shop' },
      '/run/pg/.s.PGSQL.5433/shop',
    ],
    [
      { host: 'a,b', port: NaN, database: 'shop' },
      { 'server.address': 'a,b', 'db.namespace': 'shop' },
      'a,b/shop',
    ],
    [
      { host: 'db', port: 5432, database: 'shop', options: '-c geqo=off -c search_path=sales,public' },
      { 'server.address': 'db', 'db.namespace': 'shop|sales' },
      'db:5432/shop',
    ],
    [
      { host: 'db', port: 5432, database: 'shop', options: '--search_path="my\\ own"' },
      { 'server.address': 'db', 'db.namespace': 'shop|my own' },
      'db:5432/shop',
    ],
  ])('%p is named', (target, attributes, name) => {
    const endpoint = endpointOf(target, false)
    expect(endpoint.attributes).toEqual({ 'db.system.name': 'postgresql', ...attributes })
    expect(endpoint.name).toBe(name)
  })
})

describe('a query', () => {
  it('has the database of a connection string, even in its first span', async () => {
    const pool = tracePool(new Pool({ connectionString: db.server.connectionString })).on('error', () => {})
    await pool.query('SELECT 1')
    await pool.query('SELECT 1')
    await pool.end()
    for (const span of db.recorder.spans()) {
      expect(span.attributes).toMatchObject({
        'db.namespace': 'shop',
        'server.address': '127.0.0.1',
        'server.port': db.server.port,
      })
    }
  })

  it('has the database from the environment', async () => {
    process.env['PGHOST'] = db.server.host
    process.env['PGPORT'] = String(db.server.port)
    process.env['PGDATABASE'] = 'shop'
    process.env['PGUSER'] = db.server.user
    const client = traceClient(new Client({ password: db.server.password }))
    await client.connect()
    await client.query('SELECT 1')
    await client.end()
    expect(db.recorder.spans()[0]?.attributes).toMatchObject({
      'db.namespace': 'shop',
      'server.address': '127.0.0.1',
    })
  })

  it('has the schema that the connection was opened with', async () => {
    const pool = tracePool(db.pool({ options: '-c search_path=sales' }))
    const { rows } = await pool.query('SELECT current_schema() AS name')
    expect(rows).toEqual([{ name: 'sales' }])
    expect(db.recorder.spans()[0]?.attributes['db.namespace']).toBe('shop|sales')
  })
})
