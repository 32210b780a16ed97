import { afterAll, beforeAll, expect, it, jest } from '@jest/globals'
import { freePort, type PostgresService, startPostgres } from '@spanwright/services'
import { Caller } from '@spanwright/traces'
import { Client } from 'pg'

import { ask, comparable, comparableAnswer, json, requestSpan } from './answers.ts'
import { type Application, Applications, PATIENCE } from './application.ts'
import { sectionOf } from './page.ts'

jest.setTimeout(PATIENCE)

const { files } = sectionOf('Unleash 8')
const WITHOUT = { 'server.mjs': `import { start } from 'unleash-server'\nawait start()` }
/** Ids of errors, and times. */
const MADE_UP = /"id":"[\da-f-]{36}"|"\d{4}-\d\d-\d\dT[\d:.]+Z"/g
const TOKEN = '*:*.admin-token'

const applications = new Applications()
let postgres: PostgresService
let traced: Application
let bare: Application

async function start(database: string, program: Readonly<Record<string, string>>): Promise<Application> {
  const port = await freePort()
  return applications.start({
    install: 'unleash',
    command: ['server.mjs'],
    files: program,
    env: {
      HTTP_HOST: '127.0.0.1',
      HTTP_PORT: String(port),
      DATABASE_HOST: postgres.host,
      DATABASE_PORT: String(postgres.port),
      DATABASE_USERNAME: postgres.user,
      DATABASE_PASSWORD: postgres.password,
      DATABASE_NAME: database,
      DATABASE_SSL: 'false',
      DATABASE_URL: undefined,
      INIT_ADMIN_API_TOKENS: TOKEN,
      CHECK_VERSION: 'false',
      SEND_TELEMETRY: 'false',
      LOG_LEVEL: 'info',
      TZ: 'UTC',
    },
    port,
    ready: /Unleash has started/,
    node: 22,
  })
}

beforeAll(async () => {
  postgres = await startPostgres()
  const client = new Client({ connectionString: postgres.connectionString })
  await client.connect()
  await client.query('CREATE DATABASE bare')
  await client.end()
  ;[traced, bare] = await Promise.all([start(postgres.database, files), start('bare', WITHOUT)])
})
afterAll(() => postgres.stop())

const authorization = TOKEN
const ROUTE = '/api/admin/projects/:projectId/features'

it.each<[path: string, init: RequestInit, route: string | undefined]>([
  ['/health', {}, '/health'],
  ['/api/admin/projects', { headers: { authorization } }, '/api/admin/projects'],
  ['/api/admin/projects', {}, '/api'],
  ['/api/admin/projects/default/features', json('POST', { name: 'dark' }, { authorization }), ROUTE],
  ['/api/admin/nothing', { headers: { authorization } }, undefined],
])('answers %s as without tracing, and reports its route', async (path, init, route) => {
  const caller = new Caller(applications.receiver)
  const expected = await ask(bare.origin, path, init)
  const answer = await ask(traced.origin, path, caller.request(init))
  expect(comparableAnswer(answer, MADE_UP)).toEqual(comparableAnswer(expected, MADE_UP))

  const span = await caller.serverSpan()
  expect(comparable(span)).toEqual(requestSpan(new URL(path, traced.origin), init, expected.status, route))
  expect(span).toMatchObject({ service: 'unleash', parentSpanId: caller.spanId })
})

it('has the queries of a request below it, in its transaction', async () => {
  const caller = new Caller(applications.receiver)
  const path = '/api/admin/projects/default/features'
  await ask(traced.origin, path, caller.request(json('POST', { name: 'light' }, { authorization })))

  const tree = await caller.tree(/^POST/)
  expect(tree.slice(0, 2)).toEqual([`SERVER POST ${ROUTE}`, '  CLIENT BEGIN'])
  expect(tree).toContain('  CLIENT insert "features"')
  expect(tree.at(-1)).toBe('  CLIENT COMMIT')
  const spans = await caller.spans('insert "features"')
  expect(comparable(spans.find(({ name }) => name === 'insert "features"')!)).toEqual({
    kind: 'CLIENT',
    name: 'insert "features"',
    failed: false,
    attributes: {
      'db.system.name': 'postgresql',
      'db.namespace': postgres.database,
      'db.query.text': expect.stringMatching(/^insert into "features" .* values \(\$1, /),
      'db.query.summary': 'insert "features"',
      'db.response.returned_rows': 1,
      'server.address': postgres.host,
      'server.port': postgres.port,
    },
    links: [],
    events: [],
  })
})

it('has no traces but those of requests: not of its start, nor of what it does on a schedule', () => {
  const roots = applications.receiver.spans().filter(({ parentSpanId }) => parentSpanId === undefined)
  expect(roots).toEqual([])
})

it('stops itself on a signal, as without tracing', async () => {
  const stopped = await Promise.all([traced.stop(), bare.stop()])
  expect(stopped.map(code => typeof code)).toEqual(['number', 'number'])
})
