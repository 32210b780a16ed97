import { afterAll, beforeAll, expect, it, jest } from '@jest/globals'
import { freePort, type PostgresService, startPostgres } from '@spanwright/services'
import { Caller } from '@spanwright/traces'
import { Client } from 'pg'

import { ask, brokenRequestSpan, comparable, json, requestSpan } from './answers.ts'
import { type Application, Applications, PATIENCE } from './application.ts'
import { sectionOf } from './page.ts'

jest.setTimeout(PATIENCE)

const { files, command } = sectionOf('CAP 9')
const SERVICE = '/odata/v4/catalog'

/** An application of CAP, without tracing. */
const APPLICATION = {
  'package.json': JSON.stringify({ dependencies: { '@cap-js/postgres': '^2' } }),
  '.cdsrc.yaml': 'requires: { db: { kind: postgres } }',
  'srv/catalog.cds': `
    entity shop.Books { key ID : Integer; title : String; author : Association to shop.Authors; }
    entity shop.Authors { key ID : Integer; name : String; }
    service Catalog {
      entity Books as projection on shop.Books actions { action restock() returns Integer; };
      entity Authors as projection on shop.Authors;
      action broken();
      action refused();
    }`,
  'srv/admin.cds': 'service Admin { function count() returns Integer; }',
  'srv/catalog.js': `
    class OutOfStock extends Error {}
    module.exports = class Catalog extends require('@sap/cds').ApplicationService {
      init() {
        this.on('restock', () => 5)
        this.on('broken', () => { throw new OutOfStock('none left') })
        this.on('refused', request => request.reject(409, 'not yours'))
        return super.init()
      }
    }`,
  'srv/admin.js': `
    const cds = require('@sap/cds')
    module.exports = class Admin extends cds.ApplicationService {
      init() {
        this.on('count', async () => {
          const catalog = await cds.connect.to('Catalog')
          return (await catalog.read('Books')).length
        })
        return super.init()
      }
    }`,
}
const TABLES = `
  CREATE TABLE shop_Books (ID int PRIMARY KEY, title text, author_ID int);
  CREATE TABLE shop_Authors (ID int PRIMARY KEY, name text);
  CREATE VIEW Catalog_Books AS SELECT * FROM shop_Books;
  CREATE VIEW Catalog_Authors AS SELECT * FROM shop_Authors;
  INSERT INTO shop_Books VALUES (1, 'one', 2);
  INSERT INTO shop_Authors VALUES (2, 'Ann');`

const applications = new Applications()
let postgres: PostgresService
let traced: Application
let bare: Application

/** Starts it on a database of its own, so that the other sees the same data. */
async function start(database: string, lines: Readonly<Record<string, string>>): Promise<Application> {
  const { host, port: postgresPort, user, password } = postgres
  const port = await freePort()
  return applications.start({
    install: 'cap',
    command,
    files: { ...APPLICATION, ...lines },
    env: {
      PORT: String(port),
      PGHOST: host,
      PGPORT: String(postgresPort),
      PGUSER: user,
      PGPASSWORD: password,
      PGDATABASE: database,
    },
    port,
    ready: /server listening on/,
  })
}

beforeAll(async () => {
  postgres = await startPostgres()
  const client = new Client({ connectionString: postgres.connectionString })
  await client.connect()
  await client.query(TABLES)
  await client.end()
  const other = new Client({ connectionString: postgres.connectionString, database: 'template1' })
  await other.connect()
  await other.query(`CREATE DATABASE bare TEMPLATE "${postgres.database}"`)
  await other.end()
  ;[traced, bare] = await Promise.all([start(postgres.database, files), start('bare', {})])
})
afterAll(() => postgres.stop())

/** It listens on all addresses, where clients of IPv4 have mapped ones. */
const CLIENT = { 'client.address': '::ffff:127.0.0.1', 'network.peer.address': '::ffff:127.0.0.1' }

it.each<[path: string, init: RequestInit, route: string | undefined]>([
  [`${SERVICE}/Books`, {}, `${SERVICE}/Books`],
  [`${SERVICE}/Books(1)?$select=title`, {}, `${SERVICE}/Books`],
  [`${SERVICE}/Books(1)/author`, {}, `${SERVICE}/Books/author`],
  [`${SERVICE}/Books(7)`, {}, `${SERVICE}/Books`],
  [`${SERVICE}/Books`, json('POST', { ID: 3, title: 'three' }), `${SERVICE}/Books`],
  [`${SERVICE}/Books(1)/Catalog.restock`, json('POST', {}), `${SERVICE}/Books/restock`],
  [`${SERVICE}/refused`, json('POST', {}), `${SERVICE}/refused`],
  [
    `${SERVICE}/$batch`,
    json('POST', { requests: [{ id: '1', method: 'GET', url: 'Authors' }] }),
    `${SERVICE}/\\$batch`,
  ],
  [`${SERVICE}/$metadata`, {}, `${SERVICE}/\\$metadata`],
  [`${SERVICE}/Nothing`, {}, undefined],
  ['/odata/v4/admin/count()', {}, '/odata/v4/admin/count'],
])('answers %s as without tracing, and reports its route', async (path, init, route) => {
  const caller = new Caller(applications.receiver)
  const expected = await ask(bare.origin, path, init)
  expect(await ask(traced.origin, path, caller.request(init))).toEqual(expected)

  const span = await caller.serverSpan()
  const { attributes, ...rest } = requestSpan(new URL(path, traced.origin), init, expected.status, route)
  expect(comparable(span)).toEqual({ ...rest, attributes: { ...attributes, ...CLIENT } })
  expect(span).toMatchObject({ service: 'cap', parentSpanId: caller.spanId })
})

it('has the queries of a request below it', async () => {
  const caller = new Caller(applications.receiver)
  await ask(traced.origin, `${SERVICE}/Authors`, caller.request())

  expect(await caller.tree(/^GET/)).toEqual([
    `SERVER GET ${SERVICE}/Authors`,
    '  CLIENT SELECT jsonb_each',
    '  CLIENT SELECT pg_collation',
    '  CLIENT BEGIN',
    '  CLIENT SELECT SELECT SELECT Catalog_Authors',
    '  CLIENT COMMIT',
  ])
  const spans = await caller.spans('COMMIT')
  expect(comparable(spans.find(({ name }) => name.endsWith('Catalog_Authors'))!)).toEqual({
    kind: 'CLIENT',
    name: 'SELECT SELECT SELECT Catalog_Authors',
    failed: false,
    attributes: {
      'db.system.name': 'postgresql',
      'db.namespace': postgres.database,
      'db.query.text': expect.stringMatching(/^SELECT to_jsonb.* LIMIT \$1/),
      'db.query.summary': 'SELECT SELECT SELECT Catalog_Authors',
      'db.response.returned_rows': 1,
      'server.address': postgres.host,
      'server.port': postgres.port,
    },
    links: [],
    events: [],
  })
})

it.each([
  ['an action', 'broken', {}, { type: 'OutOfStock', message: 'none left' }],
  [
    'the database',
    'Books',
    { ID: 1 },
    { type: '23505', message: '23505 unique_violation', className: 'error' },
  ],
])('names the error of %s, which CAP answers', async (_where, name, body, error) => {
  const path = `${SERVICE}/${name}`
  const init = json('POST', body)
  const caller = new Caller(applications.receiver)
  const expected = await ask(bare.origin, path, init)
  expect(await ask(traced.origin, path, caller.request(init))).toEqual(expected)

  const { attributes, ...rest } = brokenRequestSpan(new URL(path, traced.origin), init, path, error)
  expect(comparable(await caller.serverSpan())).toEqual({ ...rest, attributes: { ...attributes, ...CLIENT } })
})

it('ends as without tracing, with all spans sent', async () => {
  const caller = new Caller(applications.receiver)
  await ask(traced.origin, `${SERVICE}/Books`, caller.request())

  expect(await traced.stop()).toBe(await bare.stop())
  expect(await caller.tree(/^GET/)).toHaveLength(6)
})
