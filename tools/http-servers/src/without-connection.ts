import { describe, expect, it } from '@jest/globals'
import { requestsInFlight } from '@spanwright/core'
import { recordTests } from '@spanwright/test-kit/recorder'

import { invoke } from './adapter.ts'
import type { PlainHandler, TracedFramework } from './framework.ts'
import { expectSpans } from './span.ts'

const answered = (statusCode: number) => ({
  name: 'GET /items/:id',
  attributes: { 'http.response.status_code': statusCode },
})

/** A request that an adapter passes to an app, without a connection, has its span. */
export function testWithoutConnection(frameworks: readonly TracedFramework[]): void {
  const recorder = recordTests()

  describe.each(frameworks)('the span of a request to $name without a connection', ({ serving }) => {
    it.each<[string, PlainHandler]>([
      ['at once', (_req, res) => res.end('ok')],
      ['later', (_req, res) => void setImmediate(() => res.end('ok'))],
      ['in parts', (_req, res) => (res.write('o'), res.end('k'))],
    ])('ends when its response is finished %s', async (_, handler) => {
      const { statusCode, body } = await invoke(serving(handler), '/items/7')

      expect(statusCode).toBe(200)
      expect(body).toContain('o')
      await expectSpans(recorder, {
        ...answered(200),
        attributes: { ...answered(200).attributes, 'network.peer.port': 40_000 },
      })
      expect(requestsInFlight()).toEqual([])
    })

    it('has the outcome of a response that failed', async () => {
      await invoke(
        serving((_req, res) => res.writeHead(503).end()),
        '/items/7',
      )

      await expectSpans(recorder, {
        name: 'GET /items/:id',
        attributes: { 'http.response.status_code': 503, 'error.type': '503' },
        failed: true,
      })
    })

    it('has a header of its trace, as any other', async () => {
      const { headers } = await invoke(
        serving((_req, res) => res.end('ok'), { expose: 'traceresponse' }),
        '/items/7',
      )

      const [span] = await expectSpans(recorder, answered(200))
      expect(headers['traceresponse']).toContain(span?.spanContext().traceId)
    })
  })
}
