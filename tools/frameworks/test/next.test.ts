import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'

import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { freePort } from '@spanwright/services'
import { Caller, exceptionsOf, type ReceivedSpan, type Receiver, startReceiver } from '@spanwright/traces'

const FOLDER = join(__dirname, '..', 'next')
// Next.js compiles for a while on a busy machine.
const PATIENCE = 300_000

let receiver: Receiver
let server: ChildProcess | undefined
let url: string

beforeAll(async () => {
  const { JEST_WORKER_ID: _id, NODE_OPTIONS: _options, ...own } = process.env
  const env = { ...own, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' }
  await promisify(execFile)(process.execPath, ['node_modules/next/dist/bin/next', 'build'], {
    cwd: FOLDER,
    env,
    timeout: PATIENCE,
  })
  receiver = await startReceiver()
  const port = String(await freePort())
  url = `http://localhost:${port}`
  server = spawn(
    process.execPath,
    ['--import', 'tsx', '--conditions=@spanwright/source', join(FOLDER, 'server.ts')],
    {
      cwd: FOLDER,
      env: {
        ...env,
        PORT: port,
        PRICES: url,
        NEXT_OTEL_FETCH_DISABLED: '1',
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_BSP_SCHEDULE_DELAY: '100',
        OTEL_METRICS_EXPORTER: 'none',
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  )
  while (server.exitCode === null && !(await isListening())) await setTimeout(100)
}, PATIENCE)

afterAll(async () => {
  // The build may have failed.
  if (server === undefined) return
  const ended = once(server, 'exit')
  server.kill('SIGTERM')
  await ended
  await receiver.stop()
})

async function isListening(): Promise<boolean> {
  try {
    await (await fetch(`${url}/ready`)).text()
    return true
  } catch {
    return false
  }
}

/** The spans of a trace, once they include the given ones and that of the request. */
async function spansOf(caller: Caller, ...names: string[]): Promise<[ReceivedSpan, readonly ReceivedSpan[]]> {
  const ofRequest = ({ parentSpanId }: ReceivedSpan): boolean => parentSpanId === caller.spanId
  await receiver.waitUntil(spans => spans.some(ofRequest), 20_000)
  const spans = await caller.spans(...names)
  return [spans.find(ofRequest)!, spans]
}

/** The span that Next.js itself makes of a request. */
const ofNext = (span: ReceivedSpan): boolean =>
  span.attributes['next.span_type'] === 'BaseServer.handleRequest'

it('names the request of a page after its route, with the calls of the page beneath', async () => {
  const caller = new Caller(receiver)
  expect(await caller.send(`${url}/items/7`)).toMatchObject({ status: 200 })

  const [request, spans] = await spansOf(caller, 'GET /api/prices/[id]', 'render route (app) /items/[id]')
  const parents = new Map(spans.map(({ spanId, parentSpanId }) => [spanId, parentSpanId]))
  const isBeneath = ({ parentSpanId }: ReceivedSpan, ancestor: string): boolean => {
    for (let id = parentSpanId; id; id = parents.get(id)) if (id === ancestor) return true
    return false
  }
  expect(request).toMatchObject({
    kind: 'SERVER',
    name: 'GET /items/[id]',
    failed: false,
    attributes: { 'http.route': '/items/[id]', 'http.response.status_code': 200, 'url.path': '/items/7' },
    events: [],
  })
  expect(spans.filter(ofNext).map(({ parentSpanId }) => parentSpanId)).toContain(request.spanId)
  const [call, ...others] = spans.filter(({ kind }) => kind === 'CLIENT')
  expect(others).toEqual([])
  expect(call).toMatchObject({
    name: 'GET',
    failed: false,
    attributes: { 'url.full': `${url}/api/prices/7` },
  })
  expect(isBeneath(call!, request.spanId)).toBe(true)
  expect(spans.find(({ parentSpanId }) => parentSpanId === call!.spanId)).toMatchObject({
    kind: 'SERVER',
    name: 'GET /api/prices/[id]',
    failed: false,
  })
})

it('fails the request of a page that throws, and Next.js records the error', async () => {
  const caller = new Caller(receiver)
  expect(await caller.send(`${url}/broken`)).toMatchObject({ status: 500 })

  const [request, spans] = await spansOf(caller, 'render route (app) /broken')
  expect(request).toMatchObject({
    name: 'GET /broken',
    failed: true,
    attributes: { 'http.route': '/broken', 'http.response.status_code': 500, 'error.type': '500' },
  })
  const rendering = spans.find(({ name }) => name === 'render route (app) /broken')
  expect(exceptionsOf(rendering!)).toEqual(['RangeError'])
})

it('gives a path that no page has no route', async () => {
  const caller = new Caller(receiver)
  expect(await caller.send(`${url}/nothing`)).toMatchObject({ status: 404 })

  const [request] = await spansOf(caller)
  expect(request).toMatchObject({ name: 'GET', failed: false })
  expect(request.attributes).not.toHaveProperty('http.route')
})
