import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { FROM_SOURCE } from '@spanwright/test-kit'

import type { PrintedSpan, Report } from './instrumented.ts'

/** How long the program may take on a busy machine, in milliseconds. */
const LONGEST = 60_000

const INSTRUMENTATION = '@opentelemetry/instrumentation-http'
const START = 'spanwright.response.start'

/** With OpenTelemetry's own HTTP instrumentation, its span is the only one, and gets our attributes. */
export function testBesideInstrumentation(program: string, versions: readonly string[]): void {
  describe.each(versions)("with OpenTelemetry's HTTP instrumentation, %s", version => {
    let report: Report
    beforeAll(async () => {
      report = await run(program, version)
    }, LONGEST)

    /** The one span of the instrumentation for a path. */
    function serverSpan(path: string): PrintedSpan {
      const spans = report.spans.filter(({ attributes }) => attributes['url.path'] === path)
      expect(spans).toHaveLength(1)
      const [span] = spans
      if (!span) throw new Error(`there is no span for ${path}`)
      return span
    }

    it('starts no second server span', () => {
      const servers = report.spans.filter(({ kind }) => kind === SpanKind.SERVER)

      expect(servers.map(({ scope }) => scope)).toEqual(servers.map(() => INSTRUMENTATION))
      expect(servers.map(({ name }) => name)).toEqual([
        'GET /shop/users/:id',
        'GET /shop/broken',
        'GET /shop/refused',
        'GET /shop/half',
        'GET',
        'GET',
        'GET /shop/never',
      ])
    })

    it('gives the span its route, its attributes and the trace id to the caller', () => {
      const span = serverSpan('/shop/users/7')

      expect(report.answers[0]).toEqual([200, span.context.traceId])
      expect(span).toMatchObject({
        name: 'GET /shop/users/:id',
        status: { code: SpanStatusCode.UNSET },
        events: [START],
        parent: 'b'.repeat(16),
        context: { traceId: 'a'.repeat(32) },
      })
      expect(span.attributes).toEqual(
        attributesOf('/shop/users/7', {
          'url.query': 'sig=REDACTED',
          'http.route': '/shop/users/:id',
          'http.response.status_code': 200,
          'http.response.header.x-kind': ['user'],
          tenant: 'blue',
        }),
      )
    })

    it('makes it the parent of the work beneath', () => {
      const beneath = report.spans.filter(({ name }) => name === 'beneath')

      expect(beneath.map(({ parent }) => parent)).toEqual([serverSpan('/shop/users/7').context.spanId])
    })

    it('gives the span the error that led to a 5xx', () => {
      expect(serverSpan('/shop/broken')).toMatchObject({
        status: { code: SpanStatusCode.ERROR },
        events: ['exception RangeError', START],
        attributes: attributesOf('/shop/broken', {
          'http.route': '/shop/broken',
          'http.response.status_code': 500,
          'error.type': 'RangeError',
        }),
      })
    })

    it('leaves the span of a request that was answered with 422 without an error', () => {
      const span = serverSpan('/shop/refused')

      expect(span).toMatchObject({ status: { code: SpanStatusCode.UNSET }, events: [START] })
      expect(span.attributes).toEqual(
        attributesOf('/shop/refused', {
          'http.route': '/shop/refused',
          'http.response.status_code': 422,
          tenant: 'blue',
        }),
      )
    })

    it('makes the span of a response that was cut short an error', () => {
      expect(serverSpan('/shop/half')).toMatchObject({
        status: { code: SpanStatusCode.ERROR, message: 'disk' },
        events: [START, 'exception Error'],
        attributes: { 'http.route': '/shop/half', 'error.type': 'EIO' },
      })
    })

    it('makes the span of a request whose client disconnected an error', () => {
      expect(serverSpan('/shop/never')).toMatchObject({
        status: { code: SpanStatusCode.ERROR },
        events: [],
        attributes: { 'http.route': '/shop/never', 'error.type': 'ECONNRESET' },
      })
    })

    it('sets no route on a request without one', () => {
      const span = serverSpan('/shop/none')

      expect(span.status).toEqual({ code: SpanStatusCode.UNSET })
      expect(span.attributes).toEqual(
        attributesOf('/shop/none', { 'http.response.status_code': 404, tenant: 'blue' }),
      )
    })

    it('does not change the span of an ignored request', () => {
      const span = serverSpan('/ignored')

      expect(report.answers.at(-1)).toEqual([200, null])
      expect(span).toMatchObject({ name: 'GET', status: { code: SpanStatusCode.UNSET }, events: [] })
      expect(span.attributes).not.toHaveProperty('tenant')
    })

    it("adds the route to the instrumentation's metric, and records no second metric", () => {
      const scopes = report.points.map(([scope]) => scope)
      const routes = report.points.map(
        ([, attributes]) => (attributes as { 'http.route'?: string })['http.route'],
      )

      expect(new Set(scopes)).toEqual(new Set([INSTRUMENTATION]))
      expect(routes).toEqual([
        '/shop/users/:id',
        '/shop/broken',
        '/shop/refused',
        '/shop/half',
        undefined,
        undefined,
        '/shop/never',
      ])
    })
  })
}

function attributesOf(path: string, more: object): object {
  return {
    'http.request.method': 'GET',
    'url.scheme': 'http',
    'url.path': path,
    'server.address': '127.0.0.1',
    'server.port': expect.any(Number),
    'client.address': '127.0.0.1',
    'network.peer.address': '127.0.0.1',
    'network.peer.port': expect.any(Number),
    'network.protocol.version': '1.1',
    'user_agent.original': 'test/1',
    ...more,
  }
}

async function run(program: string, version: string): Promise<Report> {
  const child = spawn(process.execPath, [...FROM_SOURCE, program, version], {
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LONGEST,
  })
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ])
  if (code !== 0) throw new Error(`${program} ended with ${code}:\n${errors}`)
  return JSON.parse(output) as Report
}
