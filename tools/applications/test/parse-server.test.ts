import { afterAll, beforeAll, expect, it, jest } from '@jest/globals'
import { freePort, type PostgresService, startPostgres } from '@spanwright/services'
import { Caller, exceptionsOf } from '@spanwright/traces'
import { Client } from 'pg'

import { ask, comparable, comparableAnswer, json, requestSpan } from './answers.ts'
import { type Application, Applications, PATIENCE } from './application.ts'
import { sectionOf } from './page.ts'

jest.setTimeout(PATIENCE)

const { files } = sectionOf('Parse Server 9')
const TRACING =
  /^(?:import .*@spanwright.*|startTracing.*|app\.use\(tracing\(\)\))\n|^ {2}databaseOptions: \{\n[^]*?^ {2}\},\n/gm
const HEADERS = { 'x-parse-application-id': 'shop', 'x-parse-master-key': 'secret' }
/** Ids of objects, and times. */
const MADE_UP = /"objectId":"\w{10}"|"\d{4}-\d\d-\d\dT[\d:.]+Z"|"sessionToken":"r:\w{32}"/g

const applications = new Applications()
let postgres: PostgresService
let traced: Application
let bare: Application

async function start(database: string, program: string): Promise<Application> {
  const port = await freePort()
  const url = new URL(postgres.connectionString)
  url.pathname = database
  return applications.start({
    install: 'parse-server',
    command: ['server.mjs'],
    files: { 'server.mjs': program },
    env: {
      PORT: String(port),
      APP_ID: HEADERS['x-parse-application-id'],
      MASTER_KEY: HEADERS['x-parse-master-key'],
      SERVER_URL: `http://127.0.0.1:${port}/parse`,
      DATABASE_URL: url.href,
    },
    port,
    ready: /listening/,
  })
}

beforeAll(async () => {
  postgres = await startPostgres()
  const client = new Client({ connectionString: postgres.connectionString })
  await client.connect()
  await client.query('CREATE DATABASE bare')
  await client.end()
  const program = files['server.mjs'] ?? ''
  ;[traced, bare] = await Promise.all([
    start(postgres.database, program),
    start('bare', program.replaceAll(TRACING, '')),
  ])
})
afterAll(() => postgres.stop())

/** It listens on all addresses, where clients of IPv4 have mapped ones. */
const CLIENT = { 'client.address': '::ffff:127.0.0.1', 'network.peer.address': '::ffff:127.0.0.1' }

it.each<[path: string, init: RequestInit, route: string | undefined]>([
  ['/parse/health', {}, '/parse/health'],
  ['/parse/classes/Order', json('POST', { item: 'tea' }, HEADERS), '/parse/classes/:className'],
  ['/parse/classes/Order', { headers: HEADERS }, '/parse/classes/:className'],
  ['/parse/classes/Order', {}, undefined],
  ['/parse/nothing', { headers: HEADERS }, undefined],
  ['/parse/users', json('POST', { username: 'me', password: 'secret' }, HEADERS), '/parse/users'],
])('answers %s as without tracing, and reports its route', async (path, init, route) => {
  const caller = new Caller(applications.receiver)
  const expected = await ask(bare.origin, path, init, /^location$/)
  const answer = await ask(traced.origin, path, caller.request(init), /^location$/)
  expect(comparableAnswer(answer, MADE_UP)).toEqual(comparableAnswer(expected, MADE_UP))

  const span = await caller.serverSpan()
  const { attributes, ...rest } = requestSpan(new URL(path, traced.origin), init, expected.status, route)
  expect(comparable(span)).toEqual({ ...rest, attributes: { ...attributes, ...CLIENT } })
  expect(span).toMatchObject({ service: 'parse', parentSpanId: caller.spanId })
})

it('has the queries of a request below it', async () => {
  const caller = new Caller(applications.receiver)
  await ask(traced.origin, '/parse/classes/Order', caller.request({ headers: HEADERS }))

  const tree = ['SERVER GET /parse/classes/:className', '  CLIENT SELECT "Order"']
  expect(await caller.tree(/^GET/)).toEqual(tree)
  const [query] = (await caller.spans(/^SELECT/)).filter(({ kind }) => kind === 'CLIENT')
  expect(query && comparable(query)).toEqual({
    kind: 'CLIENT',
    name: 'SELECT "Order"',
    failed: false,
    attributes: {
      'db.system.name': 'postgresql',
      'db.namespace': postgres.database,
      'db.query.text': 'SELECT * FROM "Order"   LIMIT ? ',
      'db.query.summary': 'SELECT "Order"',
      'db.response.returned_rows': 1,
      'server.address': postgres.host,
      'server.port': postgres.port,
    },
    links: [],
    events: [],
  })
})

it('records the error that Parse Server answers, which is not a failure of the request', async () => {
  const caller = new Caller(applications.receiver)
  const answer = await ask(traced.origin, '/parse/classes/Order/none', caller.request({ headers: HEADERS }))
  expect(answer).toMatchObject({ status: 404, body: '{"code":101,"error":"Object not found."}' })

  const span = await caller.serverSpan()
  expect(span).toMatchObject({ name: 'GET /parse/classes/:className/:objectId', failed: false })
  expect(exceptionsOf(span)).toEqual(['ParseError'])
})

it('has no traces but those of requests', () => {
  const roots = applications.receiver.spans().filter(({ parentSpanId }) => parentSpanId === undefined)
  expect(roots).toEqual([])
})

it('ends as without tracing, with all spans sent', async () => {
  const caller = new Caller(applications.receiver)
  await ask(traced.origin, '/parse/health', caller.request())

  expect(await traced.stop()).toBe(await bare.stop())
  expect(await caller.tree(/^GET/)).toEqual(['SERVER GET /parse/health'])
})
