import type { Attributes } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'

import { defer } from './deferred.ts'
import type { PlainHandler, TracedFramework } from './framework.ts'
import { A_AND_B, readAll, requestOf, serve, servedOver } from '@spanwright/test-kit'
import { recordTests } from '@spanwright/test-kit/recorder'
import { metricsOf, servedAttributes } from './span.ts'

const DURATION = 'http.server.request.duration'
const ACTIVE = 'http.server.active_requests'
const REQUEST_BODY = 'http.server.request.body.size'
const RESPONSE_BODY = 'http.server.response.body.size'

const finished = (attributes: Attributes = {}): Attributes => ({
  'http.request.method': 'GET',
  'http.route': '/items/:id',
  'http.response.status_code': 200,
  ...servedAttributes(),
  ...attributes,
})

/** Reads the whole body, then answers nine bytes in three parts. */
const answer: PlainHandler = (req, res) => {
  req.resume().on('end', () => {
    res.write('äö')
    res.write(Buffer.from([1, 2]))
    res.end('end')
  })
}

/** The metrics of a server, the default ones and the optional ones. */
export function testMetrics(frameworks: readonly TracedFramework[]): void {
  const recorder = recordTests()

  /** Unit, and for each point its attributes and its value or sum. */
  async function metric(name: string): Promise<[string | undefined, [Attributes, unknown][]]> {
    const found = (await recorder.metrics()).find(({ descriptor }) => descriptor.name === name)
    const points = (found?.dataPoints ?? []).map(({ attributes, value }): [Attributes, unknown] => [
      attributes,
      typeof value === 'object' && 'sum' in value ? value.sum : value,
    ])
    return [found?.descriptor.unit, points]
  }

  /** The points of the open requests, without those of another method or scheme. */
  async function openRequests(): Promise<Awaited<ReturnType<typeof metric>>> {
    const [unit, points] = await metric(ACTIVE)
    const { scheme } = servedOver()
    return [
      unit,
      points.filter(([attributes]) => {
        return attributes['http.request.method'] === 'GET' && attributes['url.scheme'] === scheme
      }),
    ]
  }

  describe.each(frameworks)('the metrics of $name, by default,', ({ serving }) => {
    it.each([
      ['the duration alone when nothing else is asked for', {}, [DURATION]],
      ['none when they are off', { metrics: false }, []],
    ])('are %s', async (_, options, expected) => {
      await using server = await serve(serving((_req, res) => res.end(), options))
      await server.send(requestOf('GET /items/7'))
      await recorder.waitFor('GET /items/:id')

      const found = await metricsOf(recorder)
      expect(found.map(({ descriptor }) => descriptor.name)).toEqual(expected)
    })
  })

  describe.each(frameworks)('the metrics of $name', ({ serving }) => {
    it('include the route and the outcome of an unsampled request', async () => {
      await using server = await serve(serving((_req, res) => res.writeHead(503).end()))
      await server.send(requestOf('GET /items/7', [`Traceparent: 00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`]))

      expect([...recorder.spans(), ...recorder.open()]).toEqual([])
      const failed = finished({ 'http.response.status_code': 503, 'error.type': '503' })
      expect(await metric(DURATION)).toEqual(['s', [[failed, expect.any(Number)]]])
    })

    it('count open requests when enabled', async () => {
      const arrived = defer<() => void>()
      const app = serving((_req, res) => arrived.resolve(() => res.end()), {
        metrics: { activeRequests: true },
      })
      await using server = await serve(app)
      const socket = server.connect(requestOf('GET /items/7'))
      const finish = await arrived.promise
      const attributes = { 'http.request.method': 'GET', 'url.scheme': servedOver().scheme }

      expect(await openRequests()).toEqual(['{request}', [[attributes, 1]]])
      finish()
      await readAll(socket)
      await recorder.waitFor('GET /items/:id')
      expect(await openRequests()).toEqual(['{request}', [[attributes, 0]]])
    })

    it('stop counting a request whose client has disconnected', async () => {
      const arrived = defer<void>()
      const app = serving(() => arrived.resolve(), { metrics: { activeRequests: true } })
      await using server = await serve(app)
      const socket = server.connect(requestOf('GET /items/7'))
      await arrived.promise
      socket.destroy()
      await recorder.waitFor('GET /items/:id')

      expect((await openRequests())[1].map(([, value]) => value)).toEqual([0])
    })

    it.each([
      ['a body with a length', requestOf('POST /items/7', ['Content-Length: 7'], '{"a":1}'), 'POST', 7, 9],
      [
        'a body in parts',
        requestOf('POST /items/7', ['Transfer-Encoding: chunked'], '3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n'),
        'POST',
        5,
        9,
      ],
      ['no body', requestOf('GET /items/7'), 'GET', 0, 9],
      ['HEAD, which is answered with none', requestOf('HEAD /items/7'), 'HEAD', 0, 0],
    ])('include the sizes of bodies when enabled: %s', async (_, bytes, method, request, response) => {
      await using server = await serve(serving(answer, { metrics: { bodySizes: true } }))
      await server.send(bytes)
      await recorder.waitFor(`${method} /items/:id`)

      const attributes = finished({ 'http.request.method': method })
      expect(await metric(REQUEST_BODY)).toEqual(['By', [[attributes, request]]])
      expect(await metric(RESPONSE_BODY)).toEqual(['By', [[attributes, response]]])
    })

    it('keep the methods that write a body unchanged', async () => {
      const results: unknown[] = []
      const app = serving(
        (_req, res) => {
          results.push(res.write('a', 'latin1', () => results.push('written')))
          results.push(res.end('Yg==', 'base64', () => results.push('ended')) === res)
        },
        { metrics: { bodySizes: true } },
      )
      await using server = await serve(app)

      expect(await server.send(requestOf('GET /items/7'))).toMatch(A_AND_B)
      await recorder.waitFor('GET /items/:id')
      expect(results).toEqual([true, true, 'written', 'ended'])
      expect((await metric(RESPONSE_BODY))[1].map(([, sum]) => sum)).toEqual([2])
    })

    it('have attributes added by the application', async () => {
      const app = serving((_req, res) => res.end(), {
        metrics: {
          attributes: ({ method }, { statusCode }) => ({ kind: `${method} ${statusCode}` }),
          bodySizes: true,
        },
      })
      await using server = await serve(app)
      await server.send(requestOf('GET /items/7'))
      await recorder.waitFor('GET /items/:id')

      const attributes = finished({ kind: 'GET 200' })
      expect(await metric(DURATION)).toEqual(['s', [[attributes, expect.any(Number)]]])
      expect(await metric(REQUEST_BODY)).toEqual(['By', [[attributes, 0]]])
      expect(await metric(RESPONSE_BODY)).toEqual(['By', [[attributes, 0]]])
    })
  })
}
