import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { tracing } from '@spanwright/express'
import { tracing as traceKoa } from '@spanwright/koa'
import { recordSpans } from '@spanwright/testing'
import express from 'express'
import Koa from 'koa'
import bodyParser from 'koa-bodyparser'
import '@spanwright/testing/jest'

import { trpc, trpcOnKoa } from '../recipes/trpc.ts'

const recorder = recordSpans({ global: true })
afterEach(() => recorder.reset())
afterAll(() => recorder.stop())

function createExpressApp(): RequestListener {
  const app = express()
  app.use(tracing())
  app.use('/trpc', trpc)
  return app
}

function createKoaApp(): RequestListener {
  const app = new Koa()
  app.use(traceKoa())
  app.use(bodyParser())
  app.use(trpcOnKoa)
  const callback = app.callback()
  return (req, res) => void callback(req, res)
}

describe.each([
  ['Express', createExpressApp],
  ['Koa', createKoaApp],
])('tRPC on %s', (_framework, createApp) => {
  let server: Server
  beforeAll(async () => {
    server = createServer(createApp())
    await once(server.listen(0, '127.0.0.1'), 'listening')
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  async function ask(path: string, init?: RequestInit): Promise<number> {
    const answer = await fetch(
      `http://127.0.0.1:${(server.address() as AddressInfo).port}/trpc/${path}`,
      init,
    )
    await answer.text()
    await recorder.waitFor({ kind: 'SERVER' })
    expect(recorder).toFollowSemanticConventions()
    return answer.status
  }

  it.each(['order', 'order?batch=1&input=%7B%7D'])(
    'names the request after its procedure: %s',
    async path => {
      expect(await ask(path)).toBe(200)

      expect(recorder).toMatchTrace(`
    SERVER GET /trpc/order
      INTERNAL load order
  `)
    },
  )

  it('names a mutation', async () => {
    expect(await ask('place', { method: 'POST', headers: { 'content-type': 'application/json' } })).toBe(200)

    expect(recorder).toMatchTrace('SERVER POST /trpc/place')
  })

  it('gives each call of a batch a span', async () => {
    expect(await ask('order,broken?batch=1')).toBe(207)

    expect(recorder).toMatchTrace({
      name: 'GET /trpc',
      status: 'unset',
      children: [
        { name: 'query order', status: 'unset', children: [{ name: 'load order' }] },
        { name: 'query broken', status: 'error' },
      ],
    })
    expect(recorder).toHaveSpan({
      name: 'GET /trpc',
      events: [{ name: 'exception', attributes: { 'exception.type': 'RangeError' } }],
    })
  })

  it('names the error behind a 500', async () => {
    expect(await ask('broken')).toBe(500)

    expect(recorder).toHaveSpan({
      name: 'GET /trpc/broken',
      status: 'error',
      attributes: { 'error.type': 'RangeError', 'http.response.status_code': 500 },
      events: [{ name: 'exception', attributes: { 'exception.type': 'RangeError' } }],
    })
  })

  it('gives a procedure that does not exist no route', async () => {
    expect(await ask('nothing')).toBe(404)

    expect(recorder).toHaveSpan({
      name: 'GET',
      status: 'unset',
      attributes: { 'http.route': undefined },
      events: [],
    })
  })
})
