import { SpanKind } from '@opentelemetry/api'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { requestOf, serve, text } from '@spanwright/http-servers'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'
import * as fc from 'fast-check'

import { tracing } from '@spanwright/express'

import { type Express, NEWEST } from './versions.ts'

let recorder: SpanRecorder
beforeAll(() => {
  recorder = recordSpans({ global: true })
})
afterAll(() => recorder.stop())

describe.each(NEWEST)('whatever routes of $name are made of', ({ load }) => {
  const express = load()

  it('names every shape of nested routes by their patterns alone', async () => {
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

/** A router in a router in a router, the last pattern being that of the route. */
function nest(express: Express, [first = '/', ...rest]: readonly string[]): ReturnType<Express['Router']> {
  const router = express.Router()
  if (rest.length === 0) return router.get(first, (_req, res) => void res.send('ok'))
  return router.use(first, nest(express, rest))
}
