import { SpanKind } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { requestOf, serve } from '@spanwright/http-servers'
import { text } from '@spanwright/test-kit/arbitraries'
import { recordTests } from '@spanwright/test-kit/recorder'
import type { ErrorRequestHandler } from 'express'
import * as fc from 'fast-check'

import { tracing } from '@spanwright/express'

import { type Express, NEWEST } from './versions.ts'

const recorder = recordTests()

describe.each(NEWEST)('whatever routes of $name are made of', ({ load }) => {
  const express = load()

  it('names every shape of nested routes by their patterns only', async () => {
    const part = fc.constantFrom('a', 'b', ':p', ':q')
    const shape = fc.array(fc.array(part, { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(shape, text(0x61, 0x7a, 5), async (levels, word) => {
        const patterns = levels.map(
          (parts, level) =>
            `/${parts.map((each, i) => (each.startsWith(':') ? `${each}${level}${i}` : each)).join('/')}`,
        )
        const app = express().use(tracing()).use(nest(express, patterns))
        await using server = await serve(app)
        const path = patterns.join('').replaceAll(/:\w+/g, `x${word}`)
        const answer = await server.send(requestOf(`GET ${path}`))
        const span = await recorder.waitFor({ kind: SpanKind.SERVER })
        await recorder.reset()

        expect(answer).toContain(' 200 ')
        expect(span.name).toBe(`GET ${patterns.join('')}`)
      }),
      { seed: 2026, numRuns: 60 },
    )
  })
})

describe.each(NEWEST)('wherever routers of $name are hidden and errors are answered', ({ load }) => {
  const express = load()

  it('reports the whole pattern or none, and never one that does not match the path', async () => {
    const level = fc.record({
      parts: fc.array(fc.constantFrom('a', 'b', ':p', ':q'), { minLength: 1, maxLength: 2 }),
      isHidden: fc.boolean(),
      handlesErrors: fc.boolean(),
    })
    const shape = fc.record({ levels: fc.array(level, { minLength: 1, maxLength: 3 }), fails: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(shape, async ({ levels, fails }) => {
        const patterns = levels.map(
          ({ parts }, depth) =>
            `/${parts.map((part, i) => (part.startsWith(':') ? `${part}${depth}${i}` : part)).join('/')}`,
        )
        let router = express.Router()
        router.get(patterns.at(-1) ?? '/', (_req, res) => {
          if (fails) throw new RangeError('no')
          res.send('ok')
        })
        for (const depth of levels.keys()) {
          const { isHidden = false, handlesErrors = false } = levels.at(-1 - depth) ?? {}
          const inner = router
          const answerError: ErrorRequestHandler = (_error, _req, res, _next) =>
            void res.status(503).send('no')
          if (handlesErrors) inner.use(answerError)
          if (depth === levels.length - 1) break
          router = express.Router()
          const path = patterns.at(-2 - depth) ?? '/'
          if (isHidden) router.use(path, (req, res, next) => inner(req, res, next))
          else router.use(path, inner)
        }
        const app = express().set('env', 'test').use(tracing()).use(router)
        await using server = await serve(app)
        const whole = patterns.join('')
        await server.send(requestOf(`GET ${whole.replaceAll(/:\w+/g, 'x7')}`))
        const span = await recorder.waitFor({ kind: SpanKind.SERVER })
        await recorder.reset()

        const isAnyHidden = levels.slice(1).some(({ isHidden }) => isHidden)
        expect([whole, ...(isAnyHidden ? [undefined] : [])]).toContain(span.attributes['http.route'])
      }),
      { seed: 2026, numRuns: 100, examples: [[ANSWERED_IN_A_HIDDEN_ROUTER]] },
    )
  })
})

/** The route is two routers below the function, so its whole pattern is not known. */
const ANSWERED_IN_A_HIDDEN_ROUTER = {
  levels: [
    { parts: ['a'], isHidden: false, handlesErrors: false },
    { parts: ['a'], isHidden: true, handlesErrors: true },
    { parts: ['a'], isHidden: false, handlesErrors: false },
  ],
  fails: true,
}

/** A router in a router in a router, the last pattern being that of the route. */
function nest(express: Express, [first = '/', ...rest]: readonly string[]): ReturnType<Express['Router']> {
  const router = express.Router()
  if (rest.length === 0) return router.get(first, (_req, res) => void res.send('ok'))
  return router.use(first, nest(express, rest))
}
