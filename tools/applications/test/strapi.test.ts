import { afterAll, beforeAll, expect, it, jest } from '@jest/globals'
import { freePort, type PostgresService, startPostgres } from '@spanwright/services'
import { Caller } from '@spanwright/traces'
import { Client } from 'pg'

import { type Answer, ask, brokenRequestSpan, comparable, json, requestSpan } from './answers.ts'
import { type Application, Applications, PATIENCE } from './application.ts'
import { sectionOf } from './page.ts'

jest.setTimeout(PATIENCE)

const { files, command } = sectionOf('Strapi 5')
/** Route of the files in `public`, which Strapi tries last. */
const STATIC = '/((?!uploads/).+)'

/** An application of Strapi, without tracing and its admin panel. */
const APPLICATION = {
  'package.json': JSON.stringify({ dependencies: { '@strapi/strapi': '5' } }),
  'public/uploads/.gitkeep': '',
  'config/server.js': `
    module.exports = ({ env }) => ({ host: '127.0.0.1', port: env.int('PORT'), app: { keys: ['a', 'b'] } })`,
  'config/admin.js': `
    module.exports = {
      auth: { secret: 'secret' },
      apiToken: { salt: 'salt' },
      transfer: { token: { salt: 'salt' } },
      secrets: { encryptionKey: 'key' },
      serveAdminPanel: false,
    }`,
  'config/database.js': `
    module.exports = ({ env }) => ({
      connection: { client: 'postgres', connection: { connectionString: env('DATABASE_URL') } },
    })`,
  'src/index.js': 'module.exports = {}',
  'src/api/order/content-types/order/schema.json': JSON.stringify({
    kind: 'collectionType',
    collectionName: 'orders',
    info: { singularName: 'order', pluralName: 'orders', displayName: 'Order' },
    options: { draftAndPublish: false },
    attributes: { title: { type: 'string' } },
  }),
  'src/api/order/services/order.js': `
    module.exports = require('@strapi/strapi').factories.createCoreService('api::order.order')`,
  'src/api/order/routes/order.js': `
    const route = (method, path, action) =>
      ({ method, path, handler: 'order.' + action, config: { auth: false } })
    module.exports = {
      routes: [
        route('GET', '/orders', 'find'),
        route('POST', '/orders', 'create'),
        route('GET', '/orders/:id', 'findOne'),
        route('GET', '/broken', 'broken'),
        route('GET', '/refused', 'refused'),
        route('GET', '/invalid', 'invalid'),
      ],
    }`,
  'src/api/order/controllers/order.js': `
    const { factories } = require('@strapi/strapi')
    const { errors } = require('@strapi/utils')
    class OutOfStock extends Error {}
    module.exports = factories.createCoreController('api::order.order', () => ({
      broken() { throw new OutOfStock('none left') },
      refused(ctx) { ctx.throw(409, 'not yours') },
      invalid() { throw new errors.ApplicationError('too many') },
    }))`,
}

const applications = new Applications()
let postgres: PostgresService
let traced: Application
let bare: Application

async function start(database: string, lines: Readonly<Record<string, string>>): Promise<Application> {
  const port = await freePort()
  const url = new URL(postgres.connectionString)
  url.pathname = database
  return applications.start({
    install: 'strapi',
    command,
    files: { ...APPLICATION, ...lines },
    env: {
      PORT: String(port),
      DATABASE_URL: url.href,
      NODE_ENV: 'production',
      STRAPI_TELEMETRY_DISABLED: 'true',
    },
    port,
    ready: /Strapi started successfully/,
  })
}

beforeAll(async () => {
  postgres = await startPostgres()
  const client = new Client({ connectionString: postgres.connectionString })
  await client.connect()
  await client.query('CREATE DATABASE traced')
  await client.query('CREATE DATABASE bare')
  await client.end()
  ;[traced, bare] = await Promise.all([start('traced', files), start('bare', {})])
})
afterAll(() => postgres.stop())

/** Without what Strapi makes up for a new entry. */
function general({ body, ...answer }: Answer): Answer {
  return { ...answer, body: body.replaceAll(/"(documentId|\w+At)":"[^"]+"/g, '"$1":""') }
}

/** Sends a request to both, which have to answer it alike. */
async function askBoth(path: string, init: RequestInit = {}): Promise<{ caller: Caller; status: number }> {
  const caller = new Caller(applications.receiver)
  const expected = general(await ask(bare.origin, path, init))
  expect(general(await ask(traced.origin, path, caller.request(init)))).toEqual(expected)
  return { caller, status: expected.status }
}

it.each<[path: string, init: RequestInit, route: string | undefined]>([
  ['/api/orders', json('POST', { data: { title: 'one' } }), '/api/orders'],
  ['/api/orders?pagination[page]=1', {}, '/api/orders'],
  ['/api/orders/none', {}, '/api/orders/:id'],
  ['/api/refused', {}, '/api/refused'],
  ['/api/nothing', {}, STATIC],
  ['/api/orders', { method: 'PUT' }, undefined],
  ['/_health', {}, '/_health'],
])('answers %s as without tracing, and reports its route', async (path, init, route) => {
  const { caller, status } = await askBoth(path, init)

  const span = await caller.serverSpan()
  expect(comparable(span)).toEqual(requestSpan(new URL(path, traced.origin), init, status, route))
  expect(span).toMatchObject({ service: 'strapi', parentSpanId: caller.spanId })
})

it('has the queries of a request below it', async () => {
  const { caller } = await askBoth('/api/orders/none')

  expect(await caller.tree(/^GET/)).toEqual([
    'SERVER GET /api/orders/:id',
    '  CLIENT BEGIN',
    '  CLIENT select "orders"',
    '  CLIENT COMMIT',
  ])
  const spans = await caller.spans('COMMIT')
  expect(comparable(spans.find(({ name }) => name === 'select "orders"')!)).toEqual({
    kind: 'CLIENT',
    name: 'select "orders"',
    failed: false,
    attributes: {
      'db.system.name': 'postgresql',
      'db.namespace': 'traced',
      'db.query.text': expect.stringMatching(/^select .* where .*\$1/),
      'db.query.summary': 'select "orders"',
      'db.response.returned_rows': 0,
      'server.address': postgres.host,
      'server.port': postgres.port,
    },
    links: [],
    events: [],
  })
})

it('names the error of a controller, which strapi::errors answers', async () => {
  const { caller } = await askBoth('/api/broken')

  const error = { type: 'OutOfStock', message: 'none left' }
  expect(comparable(await caller.serverSpan())).toEqual(
    brokenRequestSpan(new URL('/api/broken', traced.origin), {}, '/api/broken', error),
  )
})

it('does not report an ApplicationError as a failure', async () => {
  const { caller, status } = await askBoth('/api/invalid')

  expect(status).toBe(400)
  const { events, ...rest } = comparable(await caller.serverSpan())
  expect({ ...rest, events: [] }).toEqual(
    requestSpan(new URL('/api/invalid', traced.origin), {}, 400, '/api/invalid'),
  )
  expect(events).toMatchObject([{ name: 'exception', attributes: { 'exception.type': 'ApplicationError' } }])
})

it('has no spans of queries outside a request, such as those of its start', async () => {
  const { caller } = await askBoth('/_health')
  await caller.serverSpan()

  expect(
    applications.receiver.spans().filter(({ kind, parentSpanId }) => kind === 'CLIENT' && !parentSpanId),
  ).toEqual([])
})

it('ends as without tracing, with all spans sent', async () => {
  const { caller } = await askBoth('/api/orders/none')

  expect(await traced.stop()).toBe(await bare.stop())
  expect(await caller.tree(/^GET/)).toHaveLength(4)
})
