import type { IncomingMessage, RequestListener } from 'node:http'

import { describe, expect, it } from '@jest/globals'
import { collectDiag, serve as listening } from '@spanwright/test-kit'
import { recordTests } from '@spanwright/test-kit/recorder'
import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { setRoute } from '@spanwright/core'
import { tracing as traceExpress } from '@spanwright/express'
import { traceListener } from '@spanwright/http'
import { tracing as traceKoa } from '@spanwright/koa'
import express from 'express'
import Koa from 'koa'

type Route = (request: { readonly url?: string | undefined }) => string | undefined
type Serve = (route: Route, work: () => void) => RequestListener

const recorder = recordTests()

const FRAMEWORKS: readonly (readonly [string, Serve])[] = [
  [
    'Express',
    (route, work) =>
      express().use(traceExpress({ route }), (_req, res) => {
        work()
        res.end()
      }),
  ],
  [
    'Koa',
    (route, work) => {
      const app = new Koa().use(traceKoa({ route }))
      app.use(ctx => {
        work()
        ctx.body = 'done'
      })
      const callback = app.callback()
      return (req, res) => void callback(req, res)
    },
  ],
  [
    'node:http',
    (route, work) =>
      traceListener(
        (_req: IncomingMessage, res) => {
          work()
          res.end()
        },
        { route },
      ),
  ],
]

async function spanOf(serve: Serve, route: Route, work = (): void => {}): Promise<ReadableSpan> {
  await using server = await listening(serve(route, work))
  const answer = await fetch(`${server.origin}/people/7`)
  expect(answer.status).toBe(200)
  await answer.text()
  return recorder.waitFor({ kind: SpanKind.SERVER })
}

describe.each(FRAMEWORKS)('route() of %s', (_name, serve) => {
  it('names a request that no router handles', async () => {
    const span = await spanOf(serve, ({ url }) => url?.replace(/\d+/, ':id'))
    expect(span).toMatchObject({
      name: 'GET /people/:id',
      status: { code: SpanStatusCode.UNSET },
      events: [],
    })
    expect(span.attributes).toMatchObject({ 'http.route': '/people/:id', 'http.response.status_code': 200 })
  })

  it('has lower precedence than setRoute()', async () => {
    const span = await spanOf(
      serve,
      () => '/never',
      () => setRoute('/given'),
    )
    expect(span.name).toBe('GET /given')
  })

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['an empty string', ''],
    ['a number', 7],
    ['a promise', Promise.resolve('/late')],
  ])('sets no route when it returns %s', async (_what, answer) => {
    const span = await spanOf(serve, () => answer as string)
    expect(span.name).toBe('GET')
    expect(span.attributes).not.toHaveProperty('http.route')
  })

  it('sets no route when it throws, which is reported', async () => {
    const { calls, stop } = collectDiag('error')
    const fault = new Error('broken')
    const span = await spanOf(serve, () => {
      throw fault
    })
    stop()
    expect(span.name).toBe('GET')
    expect(calls.map(call => call.at(-1))).toContain(fault)
  })

  it('is refused when it is not a function', () => {
    expect(() => serve('/people/:id' as unknown as Route, () => {})).toThrow(
      /route.*a function.*'\/people\/:id'/,
    )
  })
})

it('the router of Express takes precedence over route()', async () => {
  const span = await spanOf(
    route =>
      express()
        .use(traceExpress({ route }))
        .get('/people/:name', (_req, res) => void res.end()),
    () => '/never',
  )
  expect(span.name).toBe('GET /people/:name')
})
