import { afterAll, beforeAll, expect, it, jest } from '@jest/globals'
import { freePort } from '@spanwright/services'
import { serve, type TestServer } from '@spanwright/test-kit'
import { Caller } from '@spanwright/traces'

import { ask, comparable, expectSameAnswer, json } from './answers.ts'
import { type Application, Applications, PATIENCE } from './application.ts'
import { sectionOf } from './page.ts'

jest.setTimeout(PATIENCE)

const { files, command } = sectionOf('Node-RED 5')

const applications = new Applications()
let traced: Application
let bare: Application
let stock: TestServer
/** The trace that the last request to the stock belongs to. */
let continued: string | undefined

/** A flow that answers `path/:id` with what the stock says. */
function flowAt(path: string): object[] {
  const nodes = [
    { id: 'in', type: 'http in', url: `${path}/:id`, method: 'get', wires: [['call']] },
    { id: 'call', type: 'http request', method: 'GET', ret: 'obj', url: stock.origin, wires: [['make']] },
    {
      id: 'make',
      type: 'function',
      func: 'msg.headers = {}; msg.payload = { id: msg.req.params.id, ...msg.payload }; return msg',
      outputs: 1,
      wires: [['out']],
    },
    { id: 'take', type: 'http in', url: path, method: 'post', wires: [['refuse']] },
    {
      id: 'refuse',
      type: 'function',
      func: 'msg.headers = {}; msg.statusCode = 409; return msg',
      outputs: 1,
      wires: [['out']],
    },
    { id: 'out', type: 'http response', wires: [] },
  ]
  return [{ id: 'tab', type: 'tab', label: 'orders' }, ...nodes.map(node => ({ z: 'tab', ...node }))]
}

async function start(lines: Readonly<Record<string, string>>): Promise<Application> {
  const port = await freePort()
  return applications.start({
    install: 'node-red',
    command: [...command.map(part => (part === '1880' ? String(port) : part)), 'flows.json'],
    files: {
      'settings.js': 'module.exports = {}',
      ...lines,
      'flows.json': JSON.stringify(flowAt('/orders')),
    },
    port,
    ready: /Started flows/,
    node: 22,
  })
}

beforeAll(async () => {
  stock = await serve(({ headers: { traceparent } }, response) => {
    if (traceparent !== undefined) continued = String(traceparent)
    response.setHeader('content-type', 'application/json').end('{"left":3}')
  })
  ;[traced, bare] = await Promise.all([start(files), start({})])
})
afterAll(async () => {
  await stock[Symbol.asyncDispose]()
})

it.each<[path: string, init: RequestInit, route: string | undefined]>([
  ['/orders/7?full=1', {}, '/orders/:id'],
  ['/orders', json('POST', { id: 8 }), '/orders'],
  ['/flows', {}, '/flows'],
  [
    '/nodes/node-red/inject',
    { headers: { accept: 'application/json' } },
    String.raw`/^\/nodes\/((@[^\/]+\/)?[^\/]+)\/([^\/]+)$/`,
  ],
  ['/nothing', {}, undefined],
])('answers %s as without tracing, and reports its route', async (path, init, route) => {
  const { receiver } = applications
  await expectSameAnswer({ bare, traced, receiver, service: 'node-red' }, path, init, route)
})

it('has the requests that a flow sends below the one that started it', async () => {
  const caller = new Caller(applications.receiver)
  await ask(traced.origin, '/orders/7', caller.request())

  expect(await caller.tree('GET', 'GET /orders/:id')).toEqual(['SERVER GET /orders/:id', '  CLIENT GET'])
  const [call] = await caller.spans('GET').then(spans => spans.filter(({ kind }) => kind === 'CLIENT'))
  expect(call && comparable(call)).toEqual({
    kind: 'CLIENT',
    name: 'GET',
    failed: false,
    attributes: {
      'http.request.method': 'GET',
      'url.full': `${stock.origin}/`,
      'server.address': '127.0.0.1',
      'server.port': stock.port,
      'network.peer.address': '127.0.0.1',
      'network.protocol.version': '1.1',
      'http.response.status_code': 200,
    },
    links: [],
    events: [{ name: 'spanwright.response.headers', attributes: {} }],
  })
  expect(continued).toBe(`00-${caller.traceId}-${call?.spanId}-01`)
})

it('traces the flows that replace others', async () => {
  const deployed = await ask(traced.origin, '/flows', json('POST', flowAt('/v2/orders')))
  expect(deployed.status).toBe(204)
  // It answers a deployment before the flows are there.
  while ((await ask(traced.origin, '/v2/orders/7')).status === 404);

  const caller = new Caller(applications.receiver)
  const answer = await ask(traced.origin, '/v2/orders/7', caller.request())
  expect(answer).toMatchObject({ status: 200, body: '{"id":"7","left":3}' })
  const tree = ['SERVER GET /v2/orders/:id', '  CLIENT GET']
  expect(await caller.tree('GET', 'GET /v2/orders/:id')).toEqual(tree)
})

it('ends as without tracing', async () => {
  expect(await traced.stop()).toBe(await bare.stop())
})
