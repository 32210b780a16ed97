import { describe, expect, it } from '@jest/globals'
import { type Attributes, SpanKind } from '@opentelemetry/api'

import type { PlainHandler, TracedFramework } from './framework.ts'
import { readAll, requestOf, serve, servedOver } from '@spanwright/test-kit'
import { recordTests } from '@spanwright/test-kit/recorder'
import { testHostileBytes } from './hostile-bytes.ts'
import { type ExpectedSpan, expectSpans } from './span.ts'
import { isOverHttp1 } from './transports.ts'

const answer: PlainHandler = (req, res) => {
  req.resume().on('end', () => res.end('ok'))
}
const TRACE = '0af7651916cd43dd8448eb211c80319c'
const CALLER = 'b7ad6b7169203331'
const TRACEPARENT = `Traceparent: 00-${TRACE}-${CALLER}-01`

/** What the attributes of a request that is answered differ in. */
const ok = (attributes: Attributes = {}): ExpectedSpan => ({
  name: 'GET /items/:id',
  attributes: { 'http.response.status_code': 200, ...attributes },
})

/** The span of a request that is answered, or refused by a framework that checks the host. */
function spanOf(received: string, checksHost: boolean | undefined, attributes: Attributes): ExpectedSpan {
  if (!checksHost || received.includes(' 200 ')) {
    expect(received).toMatch(/ 200 /)
    return ok(attributes)
  }
  expect(received).toMatch(/ 400 /)
  return {
    name: 'GET',
    attributes: { ...attributes, 'http.response.status_code': 400, 'http.route': undefined },
  }
}

/** Whatever comes in, nothing throws, no request is lost, and all attributes are strings. */
export function testHostileInput(frameworks: readonly TracedFramework[]): void {
  const recorder = recordTests()
  const { largestHead } = servedOver()
  const LONG = 'x'.repeat(Math.min(64, largestHead / 2) * 1024)
  /** One of five. */
  const FIELD = 'x'.repeat(Math.min(64, largestHead / 8) * 1024)
  if (isOverHttp1()) testHostileBytes(frameworks)

  describe.each(frameworks)('hostile input to $name', ({ serving, checksHost }) => {
    it('of many KiB of headers is a request like any other where the server takes so much', async () => {
      const app = serving(answer, { captureHeaders: { request: ['x-long'] } })
      await using server = await serve(app, { maxHeaderSize: 128 * 1024 })

      expect(await server.send(requestOf('GET /items/7', [`X-Long: ${LONG}`]))).toMatch(/^HTTP\/1\.1 200 /)
      await expectSpans(recorder, ok({ 'http.request.header.x-long': [LONG] }))
    })

    it.each([
      ['letters', '00-zz-yy-01'],
      ['zeros', `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`],
      ['a version that never was', `ff-${TRACE}-${CALLER}-01`],
      ['capitals', `00-${TRACE.toUpperCase()}-${CALLER}-01`],
      ['more than its version has', `00-${TRACE}-${CALLER}-01-more`],
      ['two values', `00-${TRACE}-${CALLER}-01, 00-${TRACE}-${CALLER}-01`],
      ['bytes that are no text', '00-\u0080\u00ff-01'],
      ['many KiB', LONG],
    ])('with a traceparent of %s is the root of a trace of its own', async (_, value) => {
      await using server = await serve(serving(answer), { maxHeaderSize: 128 * 1024 })

      expect(await server.send(requestOf('GET /items/7', [`Traceparent: ${value}`]))).toMatch(/ 200 /)
      const [span] = await expectSpans(recorder, ok())
      expect(span?.spanContext().traceId).not.toBe(TRACE)
    })

    it.each([
      ['a tracestate of commas', 'Tracestate: ,,=;;\u00ff'],
      ['a tracestate of 40 members', `Tracestate: ${Array.from({ length: 40 }, (_, i) => `k${i}=v`).join()}`],
      ['a tracestate of many KiB', `Tracestate: a=${LONG}`],
      ['a baggage of signs', 'Baggage: %,=,a=%zz;;;,=b,\u0080=\u00ff'],
      ['a baggage of many KiB', `Baggage: ${'a=b,'.repeat(LONG.length / 4)}`],
    ])('with %s stays in the trace of its caller', async (_, header) => {
      await using server = await serve(serving(answer), { maxHeaderSize: 128 * 1024 })

      expect(await server.send(requestOf('GET /items/7', [TRACEPARENT, header]))).toMatch(/ 200 /)
      const [span] = await expectSpans(recorder, { ...ok(), parent: CALLER })
      expect(span?.spanContext().traceId).toBe(TRACE)
    })

    it.each([
      ['/items/a%2Fb?%ZZ=%00&q=%E0%A4%A', '/items/a%2Fb', '%ZZ=%00&q=%E0%A4%A'],
      ['/items/%00', '/items/%00', undefined],
      ['/items/7?%ED%A0%80', '/items/7', '%ED%A0%80'],
      ['/items/7?sig=a&si%67=b&sig&%=sig=c', '/items/7', 'sig=REDACTED&si%67=REDACTED&sig&%=sig=c'],
      ['/items/7??&&==', '/items/7', '?&&=='],
      // HTTP/2 has no absolute targets.
      ...(isOverHttp1() ? [['http://evil.test:99/items/7?x=http://', '/items/7', 'x=http://']] : []),
    ])('in the target %s is kept byte for byte', async (target, path, query) => {
      await using server = await serve(serving(answer))

      expect(await server.send(requestOf(`GET ${target}`))).toMatch(/ 200 /)
      await expectSpans(recorder, ok({ 'url.path': path, 'url.query': query }))
    })

    it.each([
      ['GET /items/%', '/items/%'],
      ['GET //evil.test/items/7', '//evil.test/items/7'],
      // HTTP/2 has no absolute targets.
      ...(isOverHttp1()
        ? [
            ['GET http://evil.test', '/'],
            ['GET http:///', '/'],
          ]
        : []),
      ['GET /%2e%2e/%2e%2e/etc/passwd', '/%2e%2e/%2e%2e/etc/passwd'],
      ['OPTIONS *', '*'],
    ])('of %s is answered, and is one span', async (line, path) => {
      await using server = await serve(serving(answer))
      const received = await server.send(requestOf(line))

      expect(received).toMatch(/^HTTP\/1\.1 (?:200|400|404) /)
      const [method = ''] = line.split(' ')
      const hasRoute = path === '/items/%' && received.includes(' 200 ')
      await expectSpans(recorder, {
        name: hasRoute ? 'GET /items/:id' : method,
        attributes: {
          'http.request.method': method,
          'http.response.status_code': Number(received.slice(9, 12)),
          'http.route': hasRoute ? '/items/:id' : undefined,
          'url.path': path,
        },
      })
    })

    it.each<[string, string, number | undefined]>([
      ['[::1]:8080', '::1', 8080],
      ['shop.test:99999', 'shop.test', undefined],
      ['shop.test:0x50', 'shop.test', undefined],
      // Over HTTP/2, Node refuses such a host.
      ...(isOverHttp1() ? [['\u00ff.test', '\u00ff.test', undefined] as [string, string, undefined]] : []),
      ['x'.repeat(4096), 'x'.repeat(4096), undefined],
    ])('with the host %s has the attributes that can be known', async (host, address, port) => {
      await using server = await serve(serving(answer))

      const received = await server.send(requestOf('GET /items/7', [`Host: ${host}`]))
      await expectSpans(
        recorder,
        spanOf(received, checksHost, { 'server.address': address, 'server.port': port }),
      )
    })

    // Over HTTP/2, Node refuses some of these hosts.
    it.each([']][[:::99999999', '[', ',', '%00', ...(isOverHttp1() ? ['@', 'a b', '<script>'] : [])])(
      'with the host %s is answered, and is one span',
      async host => {
        await using server = await serve(serving(answer))

        const received = await server.send(requestOf('GET /items/7', [`Host: ${host}`]))
        await recorder.waitFor({ kind: SpanKind.SERVER })
        const { 'server.address': address, 'server.port': port } = recorder.spans()[0]?.attributes ?? {}
        expect(address === undefined || (typeof address === 'string' && address !== '')).toBe(true)
        await expectSpans(
          recorder,
          spanOf(received, checksHost, { 'server.address': address, 'server.port': port }),
        )
      },
    )

    it('from a trusted proxy cannot set an invalid scheme', async () => {
      const app = serving(answer, {}, { trustProxy: true })
      await using server = await serve(app)
      const forwarded = ['X-Forwarded-Proto: javascript', 'X-Forwarded-For: 203.0.113.9']

      expect(await server.send(requestOf('GET /items/7', forwarded))).toMatch(/ 200 /)
      await expectSpans(recorder, ok({ 'client.address': '203.0.113.9' }))
    })

    it.each([',', '<script>', '\u00ff', FIELD, ', ,', '[::1', ''])(
      'forwarded by an untrusted peer is not used',
      async value => {
        await using server = await serve(serving(answer), { maxHeaderSize: 512 * 1024 })
        const forwarded = ['For', 'Proto', 'Host', 'Port'].map(name => `X-Forwarded-${name}: ${value}`)

        expect(await server.send(requestOf('GET /items/7', [...forwarded, `Forwarded: ${value}`]))).toMatch(
          / 200 /,
        )
        await expectSpans(recorder, ok())
      },
    )

    it.each([',', '<script>', '\u00ff', FIELD, ', ,', ']][[:::99999', ''])(
      'forwarded by a trusted proxy fails no request',
      async value => {
        const app = serving(answer, {}, { trustProxy: true })
        await using server = await serve(app, { maxHeaderSize: 512 * 1024 })
        const forwarded = ['For', 'Proto', 'Host', 'Port'].map(name => `X-Forwarded-${name}: ${value}`)

        expect(await server.send(requestOf('GET /items/7', forwarded))).toMatch(/ 200 /)
        const { attributes } = await recorder.waitFor('GET /items/:id')
        const { 'server.address': address, 'server.port': port, 'client.address': client } = attributes
        for (const text of [address, client]) expect(['string', 'undefined']).toContain(typeof text)
        await expectSpans(
          recorder,
          ok({ 'server.address': address, 'server.port': port, 'client.address': client }),
        )
      },
    )

    it('that is returned in an error leaves strings on the span', async () => {
      const app = serving(async (req, res) => {
        let body = ''
        for await (const chunk of req) body += String(chunk)
        const { name } = JSON.parse(body) as { name: string }
        res.destroy(new RangeError(`no item ${name}`))
      })
      await using server = await serve(app)
      const body = JSON.stringify({ name: '\ud800' })
      const socket = server.connect(requestOf('POST /items/7', [`Content-Length: ${body.length}`], body))
      await readAll(socket)

      const [span] = await expectSpans(recorder, {
        name: 'POST /items/:id',
        attributes: { 'http.request.method': 'POST', 'error.type': 'RangeError' },
        failed: 'no item \ufffd',
        events: ['exception RangeError'],
      })
      expect(span?.events[0]?.attributes).toMatchObject({
        'exception.message': 'no item \ufffd',
        'exception.stacktrace': expect.stringContaining('no item \ufffd'),
      })
    })
  })
}
