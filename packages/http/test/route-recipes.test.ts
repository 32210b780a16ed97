import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { serve } from '@hono/node-server'
import { requestOf } from '@spanwright/http-servers'
import { SpanKind } from '@opentelemetry/api'
import { afterAll, describe, expect, it, jest } from '@jest/globals'
import fastifyOf, { type FastifyInstance } from 'fastify'
import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { routePath } from 'hono/route'

import { recordError, setRoute, traceServer } from '@spanwright/http'

import { recorder } from './recorder.ts'
import { listen, open, send } from './service.ts'

/** Runs the printed block of the README that contains a text, without its imports, and returns one of its values. */
function runPrinted(
  containing: string,
  scope: Readonly<Record<string, unknown>>,
  value = 'undefined',
): unknown {
  const readme = readFileSync(join(__dirname, '..', 'README.md'), 'utf8')
  const blocks = [...readme.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code = '']) => code)
  const [code, ...others] = blocks.filter(block => block.includes(containing))
  expect(others).toEqual([])
  const file = join(folder, `${containing}.js`)
  const body = `${code?.replaceAll(/^import .*$/gm, '')}\nreturn ${value}`
  writeFileSync(file, `module.exports = ({ ${Object.keys(scope).join()} }) => {\n${body}\n}\n`)
  return jest.requireActual<(given: typeof scope) => unknown>(file)(scope)
}

const folder = mkdtempSync(join(tmpdir(), 'spanwright-recipes-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function withFastify(): Promise<Server> {
  const fastify = fastifyOf()
  runPrinted('fastify.addHook', { fastify, setRoute, recordError })
  const items = async (app: FastifyInstance): Promise<void> => {
    app.get('/items/:id', async () => 'item')
    app.get('/old/:id', async (_request, reply) => reply.redirect('/api/items/7'))
    app.get('/files/*', async () => 'file')
    app.get('/missing/:id', async (_request, reply) => reply.code(404).send())
    app.get('/broken/:id', async () => {
      throw new RangeError('broken')
    })
  }
  fastify.register(async outer => outer.register(items, { prefix: '/:version' }), { prefix: '/api' })
  await fastify.ready()
  return listen(traceServer(fastify.server))
}

async function withHono(): Promise<Server> {
  const app = new Hono()
  const serveAnywhere = (options: object): unknown =>
    serve({ ...options, port: 0, hostname: '127.0.0.1' } as Parameters<typeof serve>[0])
  const scope = { app, setRoute, recordError, routePath, HTTPException, traceServer, serve: serveAnywhere }
  const server = runPrinted('app.onError', scope, 'server') as Server
  const items = new Hono()
  items.get('/items/:id', c => c.text('item'))
  items.get('/old/:id', c => c.redirect('/api/items/7'))
  items.get('/files/*', c => c.text('file'))
  items.get('/missing/:id', c => c.notFound())
  items.get('/broken/:id', () => {
    throw new RangeError('broken')
  })
  app.route('/api', new Hono().route('/:version', items))
  open.add(server)
  if (!server.listening) await once(server, 'listening')
  return server
}

describe.each([
  // Hono does not say whether a handler or nothing answered 404.
  { name: 'Fastify', start: withFastify, missing: '/api/:version/missing/:id' },
  { name: 'Hono', start: withHono, missing: undefined },
])('the printed recipe for routes of $name', ({ start, missing }) => {
  it.each<[string, number, string | undefined]>([
    ['GET /api/v1/items/7', 200, '/api/:version/items/:id'],
    ['HEAD /api/v1/items/7', 200, '/api/:version/items/:id'],
    ['GET /api/v1/items/7?sig=a', 200, '/api/:version/items/:id'],
    ['GET /api/v1/old/7', 302, '/api/:version/old/:id'],
    ['GET /api/v1/files/a/b', 200, '/api/:version/files/*'],
    ['GET /api/v1/missing/7', 404, missing],
    ['GET /api/v1/broken/7', 500, '/api/:version/broken/:id'],
    ['GET /api/v1/nothing', 404, undefined],
    ['POST /api/v1/items/7', 404, undefined],
    ['GET /', 404, undefined],
  ])('names span and metric of %s', async (line, status, route) => {
    const [method = ''] = line.split(' ')
    const received = await send(await start(), requestOf(line))

    expect(received).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    const span = await recorder.waitFor({ kind: SpanKind.SERVER })
    expect(recorder.spans()).toEqual([span])
    expect(span.name).toBe(route ? `${method} ${route}` : method)
    const attributes = {
      'http.request.method': method,
      'http.response.status_code': status,
      'url.scheme': 'http',
      'network.protocol.version': '1.1',
      ...(route && { 'http.route': route }),
      ...(status === 500 && { 'error.type': 'RangeError' }),
    }
    expect(span.attributes).toMatchObject(attributes)
    expect('http.route' in span.attributes).toBe(route !== undefined)
    const [duration] = await recorder.metrics()
    expect(duration?.dataPoints.map(point => point.attributes)).toEqual([attributes])
  })
})
