import type { RequestListener } from 'node:http'

import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'

import { anyRequest, queryPairs } from './arbitraries.ts'
import type { TracedFramework } from './framework.ts'
import { PLAIN, requestOf, serve, servedOver } from '@spanwright/test-kit'
import { recordTests } from '@spanwright/test-kit/recorder'

const SEED = 2026
const LONGEST = 60_000

/** A shop with routes below `/shop` and `/mounted`, traced or not, that counts its requests. */
interface Shop {
  readonly app: RequestListener
  readonly asked: { readonly count: number }
}

/** A framework and its shop. */
export interface ShopFramework extends TracedFramework {
  /** The patterns of all routes of the shop. */
  readonly routes: readonly string[]
  readonly shop: (traced: boolean) => Shop
}

/** Whatever the request, the response is that of the bare app, and names stay few. */
export function testAnyRequest(frameworks: readonly ShopFramework[]): void {
  const recorder = recordTests()
  const isLong = servedOver() === PLAIN || process.env['SWEEPS'] === 'all'
  const runs = { seed: SEED, numRuns: isLong ? 150 : 40 }

  describe.each(frameworks)('whatever $name is asked', ({ shop, routes, serving }) => {
    it(
      'is answered as without tracing, with one span of few names',
      async () => {
        const [traced, plain] = [shop(true), shop(false)]
        await using tracedServer = await serve(traced.app)
        await using plainServer = await serve(plain.app)
        await fc.assert(
          fc.asyncProperty(anyRequest, async sent => {
            await recorder.reset()
            const before = traced.asked.count
            const [answer, expected] = await Promise.all([tracedServer.send(sent), plainServer.send(sent)])
            expect(withoutDate(answer)).toBe(withoutDate(expected))
            expect(traced.asked.count).toBe(plain.asked.count)
            const spans = traced.asked.count - before
            if (spans > 0) await recorder.waitFor(() => true)
            expect(recorder.spans()).toHaveLength(spans)
            expect(recorder.open()).toEqual([])
            for (const { name, attributes } of recorder.spans()) {
              const route = attributes['http.route']
              expect([undefined, ...routes]).toContain(route)
              expect(name).toMatch(/^(GET|HEAD|POST|OPTIONS|QUERY|DELETE|HTTP)( |$)/)
              expect(name.slice(name.indexOf(' ') + 1)).toBe(route ?? name)
              expect(attributes['http.response.status_code']).toBe(Number(answer.slice(9, 12)))
              expect(Object.values(attributes).flat().filter(isBroken)).toEqual([])
            }
          }),
          runs,
        )
        expect(traced.asked.count).toBeGreaterThan(runs.numRuns / 2)
      },
      LONGEST,
    )

    it(
      'keeps its query byte for byte, but for secrets',
      async () => {
        await using server = await serve(serving((_req, res) => res.end()))
        await fc.assert(
          fc.asyncProperty(queryPairs, async pairs => {
            await recorder.reset()
            const query = pairs.map(([name, value]) => `${name}=${value}`).join('&')
            await server.send(requestOf(`GET /items/7?${query}`))
            const { attributes } = await recorder.waitFor('GET /items/:id')

            const redacted = pairs.map(([name, value]) =>
              name === 'sig' && value !== '' ? 'sig=REDACTED' : `${name}=${value}`,
            )
            expect(attributes['url.query']).toBe(redacted.join('&'))
          }),
          runs,
        )
      },
      LONGEST,
    )
  })
}

function isBroken(value: unknown): boolean {
  return typeof value === 'string' && /\p{Surrogate}/u.test(value)
}

function withoutDate(answer: string): string {
  return answer.replace(/^Date: .*$/m, '')
}
