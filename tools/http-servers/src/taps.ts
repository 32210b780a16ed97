import type { RequestListener, ServerResponse } from 'node:http'

import { describe, expect, it } from '@jest/globals'
import type { HttpServerOptions } from '@spanwright/core/plugin'

import type { TracedFramework } from './framework.ts'
import { requestOf, serve } from '@spanwright/test-kit'
import { recordTests } from '@spanwright/test-kit/recorder'
import { expectSpans } from './span.ts'

const METHODS = ['emit', 'writeHead', 'write', 'end', 'flushHeaders'] as const
const GET = requestOf('GET /items/7')
const OK = { name: 'GET /items/:id', attributes: { 'http.response.status_code': 200 } }
const TRACE_RESPONSE = /^traceresponse: 00-[\da-f]{32}-[\da-f]{16}-01\r$/im

type Methods = Record<(typeof METHODS)[number], (...args: unknown[]) => unknown>

/** Name, length and own properties of the methods of a request or a response. */
function faceOf(stream: object, names: readonly string[] = METHODS): object {
  return Object.fromEntries(
    names.map(name => {
      const method = (stream as Record<string, object>)[name]
      return [name, Object.getOwnPropertyDescriptors(Object(method) as object)]
    }),
  )
}

/** Puts methods of its own on each response, as middleware does that compresses or measures. */
function wrapping(listener: RequestListener, called: string[] = []): RequestListener {
  return (req, res) => {
    const methods = res as unknown as Methods
    for (const name of METHODS) {
      const original = methods[name]
      methods[name] = Object.assign(
        function wrapped(this: unknown, ...args: unknown[]) {
          called.push(name === 'emit' ? `emit ${String(args[0])}` : name)
          return Reflect.apply(original, this, args)
        },
        { wrappedBy: 'middleware' },
      )
    }
    listener(req, res)
  }
}

function answer(res: ServerResponse): void {
  res.write('a')
  res.write('b')
  res.end('c')
}

/** The taps of tracing on the methods of requests and responses are invisible, and see each call once. */
export function testTaps(frameworks: readonly TracedFramework[]): void {
  const recorder = recordTests()

  describe.each(frameworks)('the methods of a request and its response in $name', ({ serving }) => {
    it.each<HttpServerOptions<unknown>>([{}, { stages: true }, { metrics: { bodySizes: true } }])(
      'keep name, length and own properties with %j',
      async options => {
        const seen: object[] = []
        const app = serving((req, res) => {
          seen.push(faceOf(req, ['emit']), faceOf(res))
          res.end('ok')
        }, options)
        const untraced: object[] = []
        await using server = await serve((req, res) => {
          untraced.push(faceOf(req, ['emit']), faceOf(res))
          app(req, res)
        })
        await server.send(GET)

        expect(seen.map(namesAndLengths)).toEqual(untraced.map(namesAndLengths))
        await recorder.waitFor('GET /items/:id')
      },
    )

    it.each<HttpServerOptions<unknown>>([{}, { stages: true }, { metrics: { bodySizes: true } }])(
      'keep those of methods that were put on before, with %j',
      async options => {
        const seen: object[] = []
        const app = serving((_req, res) => {
          seen.push(faceOf(res))
          res.end('ok')
        }, options)
        const untraced: object[] = []
        await using server = await serve(
          wrapping((req, res) => {
            untraced.push(faceOf(res))
            app(req, res)
          }),
        )
        await server.send(GET)

        expect(seen.map(namesAndLengths)).toEqual(untraced.map(namesAndLengths))
        expect(seen[0]).toMatchObject({ writeHead: { wrappedBy: { value: 'middleware' } } })
        await recorder.waitFor('GET /items/:id')
      },
    )

    it('are called as often as without tracing', async () => {
      const called: string[] = []
      const app = serving((_req, res) => answer(res), { stages: true, metrics: { bodySizes: true } })
      await using server = await serve(wrapping(app, called))
      await server.send(GET)
      const traced = called.splice(0)
      await using untraced = await serve(wrapping((_req, res) => answer(res), called))
      await untraced.send(GET)

      expect(traced.filter(name => !name.startsWith('emit'))).toEqual(
        called.filter(name => !name.startsWith('emit')),
      )
      await recorder.waitFor('GET /items/:id')
    })

    it('pass through tracing from the first request, when they were added before', async () => {
      const app = serving((_req, res) => res.end('ok'), { expose: 'traceresponse' })
      await using server = await serve(wrapping(app))

      expect(await server.send(GET)).toMatch(TRACE_RESPONSE)
      expect(await server.send(GET)).toMatch(TRACE_RESPONSE)
      await expectSpans(recorder, OK, OK)
    })

    it('count each byte once, when they were added before', async () => {
      const app = serving(
        (_req, res) => {
          res.write('ab')
          res.end('c')
        },
        { metrics: { bodySizes: true } },
      )
      await using server = await serve(wrapping(app))
      await server.send(requestOf('POST /items/7', ['Content-Length: 0']))
      await server.send(requestOf('POST /items/7', ['Transfer-Encoding: chunked'], '3\r\nabc\r\n0\r\n\r\n'))
      await recorder.waitFor(() => recorder.spans().length === 2)

      const sizes = (await recorder.metrics()).find(
        ({ descriptor }) => descriptor.name === 'http.server.response.body.size',
      )
      expect(sizes?.dataPoints.map(({ value }) => (value as { sum: number }).sum)).toEqual([6])
    })

    it('work on an object that inherits from the response', async () => {
      const heard: unknown[] = []
      const app = serving((_req, res) => {
        res.on('news', value => heard.push(value))
        const heir = Object.create(res) as ServerResponse
        heard.push(heir.emit('news', 7))
        res.end()
      })
      await using server = await serve(app)
      await server.send(GET)

      expect(heard).toEqual([7, true])
      await expectSpans(recorder, OK)
    })
  })
}

function namesAndLengths(face: object): object {
  return Object.fromEntries(
    Object.entries(face as Record<string, Record<string, PropertyDescriptor>>).map(([method, properties]) => [
      method,
      Object.fromEntries(
        Object.entries(properties)
          .filter(([key]) => key !== 'prototype')
          .map(([key, { value }]) => [key, value]),
      ),
    ]),
  )
}
