import Router from '@koa/router'
import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import Koa from 'koa'
import type { Middleware } from 'koa'
import mount from 'koa-mount'

import { tracing } from '@spanwright/koa'

import { recorder } from './recorder.ts'
import { closeServices, send, serve } from './service.ts'

const RUNS = { seed: 2026, numRuns: 150 }
const LONGEST = 60_000

/** An app with a few routes, which tells how often it was asked. */
function shop(...middleware: Middleware[]) {
  const asked = { count: 0 }
  const app = new Koa()
  app.silent = true
  app.use((_ctx, next) => {
    asked.count++
    return next()
  })
  for (const one of middleware) app.use(one)
  const router = new Router({ prefix: '/shop' })
  router.use((_ctx, next) => next())
  router.all('/:a', ctx => void (ctx.body = ctx.params['a']))
  router.get('/:a/:b', ctx => ctx.throw(422))
  router.post('/*all', () => Promise.reject(new Error('no')))
  app.use(router.routes()).use(router.allowedMethods())
  app.use(mount('/mounted', new Router().get('/:x', ctx => void (ctx.body = ctx.url)).routes() as Middleware))
  return { app, asked }
}

const ROUTES = ['/shop/:a', '/shop/:a/:b', '/shop/*all', '/mounted/:x']

const byte = (from: number, to: number) => fc.integer({ min: from, max: to }).map(n => String.fromCharCode(n))
const text = (from: number, to: number, maxLength: number) =>
  fc.array(byte(from, to), { maxLength }).map(chars => chars.join(''))

const target = fc
  .tuple(
    fc.constantFrom(
      '/',
      '/shop/',
      '//',
      '/mounted/',
      'http://a.test/shop/',
      '/shop/%',
      '/shop/?',
      '/%2e%2e/',
    ),
    fc.oneof(text(0x21, 0x7e, 40), fc.webPath(), text(0x21, 0xff, 10)),
    fc.oneof(
      fc.constant(''),
      text(0x21, 0x7e, 40).map(query => `?${query}`),
    ),
  )
  .map(parts => parts.join(''))

const header = fc.tuple(
  fc.constantFrom(
    'traceparent',
    'tracestate',
    'baggage',
    'host',
    'user-agent',
    'x-forwarded-for',
    'forwarded',
    'x-id',
  ),
  fc.oneof(
    text(0x20, 0x7e, 80),
    text(0x80, 0xff, 20),
    fc.constantFrom('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', ',', '[::1', ':', '@', '%'),
    text(0x61, 0x7a, 10).map(word => `${word}=1,`.repeat(500)),
  ),
)

const message = fc
  .tuple(
    fc.constantFrom('GET', 'HEAD', 'POST', 'OPTIONS', 'PURGE', 'QUERY', 'M-SEARCH', 'DELETE'),
    target,
    fc.array(header, { maxLength: 6 }),
  )
  .map(([method, path, headers]) =>
    [
      `${method} ${path} HTTP/1.1`,
      'Connection: close',
      ...headers.map(([name, value]) => `${name}: ${value}`),
      // node:http itself refuses a request without one.
      headers.some(([name]) => name === 'host') ? 'x-other: 1' : 'host: shop.test',
      '\n',
    ].join('\n'),
  )

describe('whatever is asked', () => {
  it(
    'is answered as without tracing, with one span of few names',
    async () => {
      const traced = shop(tracing({ captureHeaders: { request: ['x-id', 'host'] } }))
      const plain = shop()
      const servers = [await serve(traced.app), await serve(plain.app)] as const
      await fc.assert(
        fc.asyncProperty(message, async sent => {
          await recorder.reset()
          const before = { ...traced.asked }
          const [answer, expected] = await Promise.all(servers.map(server => send(server, sent)))
          expect(withoutDate(answer)).toBe(withoutDate(expected))
          expect(traced.asked).toEqual(plain.asked)
          if (traced.asked.count > before.count) await recorder.waitFor(() => true)
          expect(recorder.spans()).toHaveLength(traced.asked.count - before.count)
          expect(recorder.open()).toEqual([])
          for (const span of recorder.spans()) {
            expect([undefined, ...ROUTES]).toContain(span.attributes['http.route'])
            expect(span.name).toMatch(/^(GET|HEAD|POST|OPTIONS|QUERY|DELETE|HTTP)( |$)/)
            expect(Object.values(span.attributes).flat().filter(isBroken)).toEqual([])
          }
        }),
        RUNS,
      )
      expect(traced.asked.count).toBeGreaterThan(RUNS.numRuns / 2)
    },
    LONGEST,
  )
})

const word = fc.constantFrom('a', 'b', 'users', 'v1')
const segment = fc.oneof(
  word.map(name => ({ pattern: name, path: name })),
  fc.tuple(word, word).map(([name, value]) => ({ pattern: `:${name}_`, path: value })),
)
const path = fc
  .uniqueArray(segment, { minLength: 1, maxLength: 3, selector: ({ pattern }) => pattern })
  .map(segments => ({
    pattern: segments.map(({ pattern }) => `/${pattern}`).join(''),
    path: segments.map(one => `/${one.path}`).join(''),
  }))
const literal = fc.array(word, { maxLength: 2 }).map(words => words.map(one => `/${one}`).join(''))

describe('whatever routes are made of', () => {
  it(
    'the route is what its mounts, prefixes and path are together',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          literal,
          literal,
          literal,
          path,
          fc.boolean(),
          async (outer, inner, prefix, leaf, nested) => {
            const router = new Router({ prefix })
            router.get(leaf.pattern, ctx => void (ctx.body = 'ok'))
            const routes = (nested ? new Router().use(router.routes()) : router).routes() as Middleware
            const app = new Koa()
            app.use(tracing())
            app.use(mount(outer || '/', new Koa().use(mount(inner || '/', new Koa().use(routes)))))
            await send(
              await serve(app),
              `GET ${outer}${inner}${prefix}${leaf.path} HTTP/1.1\nHost: a\nConnection: close\n\n`,
            )

            const span = await recorder.waitFor(() => true)
            expect(span.attributes).toMatchObject({
              'http.route': outer + inner + prefix + leaf.pattern,
              'http.response.status_code': 200,
            })
            await closeServices()
            await recorder.reset()
          },
        ),
        RUNS,
      )
    },
    LONGEST,
  )
})

function isBroken(value: unknown): boolean {
  return typeof value === 'string' && !(value as unknown as { isWellFormed(): boolean }).isWellFormed()
}

function withoutDate(answer: string | undefined): string | undefined {
  return answer?.replace(/^Date: .*$/m, '')
}
