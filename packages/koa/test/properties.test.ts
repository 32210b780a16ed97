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
