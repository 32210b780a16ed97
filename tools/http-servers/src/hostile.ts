import { describe, expect, it } from '@jest/globals'
import type { Attributes } from '@opentelemetry/api'

import type { PlainHandler, TracedFramework } from './framework.ts'
import { nextBytes, readAll, requestOf, serve } from '@spanwright/test-kit'
import { recordTests } from '@spanwright/test-kit/recorder'
import { expectSpans } from './span.ts'

const answer: PlainHandler = (req, res) => {
  req.resume().on('end', () => res.end('ok'))
}
const LONG = 'x'.repeat(64 * 1024)
const TRACE = '0af7651916cd43dd8448eb211c80319c'
const CALLER = 'b7ad6b7169203331'
const TRACEPARENT = `Traceparent: 00-${TRACE}-${CALLER}-01`

/** What the attributes of a request that is answered differ in. */
const ok = (attributes: Attributes = {}): { name: string; attributes: Attributes } => ({
  name: 'GET /items/:id',
  attributes: { 'http.response.status_code': 200, ...attributes },
})

/** Whatever comes in, nothing throws, no request is lost, and all attributes are strings. */
export function testHostileInput(frameworks: readonly TracedFramework[]): void {
  const recorder = recordTests()

  describe.each(frameworks)('hostile input to $name', ({ serving }) => {
    it('of 64 KiB of headers is a request like any other where the server takes so much', async () => {
      const app = serving(answer, { captureHeaders: { request: ['x-long'] } })
      await using server = await serve(app, { maxHeaderSize: 128 * 1024 })

      expect(await server.send(requestOf('GET /items/7', [`X-Long: ${LONG}`]))).toMatch(/^HTTP\/1\.1 200 /)
      await expectSpans(recorder, ok({ 'http.request.header.x-long': [LONG] }))
    })

    it('of 64 KiB of headers is refused by a server that takes less, and the next request is traced', async () => {
      await using server = await serve(serving(answer))

      // Node 24 and later close the connection before they have read everything, and the response may be lost.
      const answered = await server.send(requestOf('GET /items/7', [`X-Long: ${LONG}`])).catch(codeOf)
      expect(answered).toMatch(/^(?:HTTP\/1\.1 431 |ECONNRESET$)/)
      expect([...recorder.spans(), ...recorder.open()]).toEqual([])
      expect(await server.send(requestOf('GET /items/7'))).toMatch(/^HTTP\/1\.1 200 /)
      await expectSpans(recorder, ok())
    })

    it.each([
      ['no text at all in a header', requestOf('GET /items/7', ['X-Any: \u0000\u0001'])],
      ['NUL within a header', requestOf('GET /items/7', ['X-Any: a\u0000b'])],
      ['NUL in the target', requestOf('GET /items/\u0000')],
      ['a lone surrogate in the target', requestOf('GET /items/\u00ed\u00a0\u0080')],
      ['no host', 'GET /items/7 HTTP/1.1\r\n\r\n'],
      ['two lengths', requestOf('POST /items/7', ['Content-Length: 3', 'Transfer-Encoding: chunked'], 'abc')],
      ['an unknown method', requestOf('STEAL /items/7')],
    ])('with %s is refused by Node, and has no span', async (_, bytes) => {
      await using server = await serve(serving(answer))

      expect(await server.send(bytes)).toMatch(/^HTTP\/1\.1 400 /)
      expect([...recorder.spans(), ...recorder.open()]).toEqual([])
    })

    it.each([
      ['letters', '00-zz-yy-01'],
      ['zeros', `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`],
      ['a version that never was', `ff-${TRACE}-${CALLER}-01`],
      ['capitals', `00-${TRACE.toUpperCase()}-${CALLER}-01`],
      ['more than its version has', `00-${TRACE}-${CALLER}-01-more`],
      ['two values', `00-${TRACE}-${CALLER}-01, 00-${TRACE}-${CALLER}-01`],
      ['bytes that are no text', '00-\u0080\u00ff-01'],
      ['64 KiB', LONG],
    ])('with a traceparent of %s is the root of a trace of its own', async (_, value) => {
      await using server = await serve(serving(answer), { maxHeaderSize: 128 * 1024 })

      expect(await server.send(requestOf('GET /items/7', [`Traceparent: ${value}`]))).toMatch(/ 200 /)
      const [span] = await expectSpans(recorder, ok())
      expect(span?.spanContext().traceId).not.toBe(TRACE)
    })

    it.each([
      ['a tracestate of commas', 'Tracestate: ,,=;;\u00ff'],
      ['a tracestate of 40 members', `Tracestate: ${Array.from({ length: 40 }, (_, i) => `k${i}=v`).join()}`],
      ['a tracestate of 64 KiB', `Tracestate: a=${LONG}`],
      ['a baggage of signs', 'Baggage: %,=,a=%zz;;;,=b,\u0080=\u00ff'],
      ['a baggage of 64 KiB', `Baggage: ${'a=b,'.repeat(16 * 1024)}`],
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
      ['http://evil.test:99/items/7?x=http://', '/items/7', 'x=http://'],
    ])('in the target %s is kept byte for byte', async (target, path, query) => {
      await using server = await serve(serving(answer))

      expect(await server.send(requestOf(`GET ${target}`))).toMatch(/ 200 /)
      await expectSpans(recorder, ok({ 'url.path': path, 'url.query': query }))
    })

    it.each([
      ['GET /items/%', '/items/%'],
      ['GET //evil.test/items/7', '//evil.test/items/7'],
      ['GET http://evil.test', '/'],
      ['GET http:///', '/'],
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

    it.each([
      ['of an older protocol', 'GET /items/7 HTTP/1.0\r\n\r\n', '1.0'],
      ['that is empty', requestOf('GET /items/7', ['Host:']), '1.1'],
      ['that is only a port', requestOf('GET /items/7', ['Host: :80']), '1.1'],
    ])('without a host, %s, has no attributes of the server', async (_, bytes, version) => {
      await using server = await serve(serving(answer))

      expect(await server.send(bytes)).toMatch(/ 200 /)
      await expectSpans(recorder, ok({ 'server.address': undefined, 'network.protocol.version': version }))
    })

    it.each([
      ['[::1]:8080', '::1', 8080],
      ['shop.test:99999', 'shop.test', undefined],
      ['shop.test:0x50', 'shop.test', undefined],
      ['\u00ff.test', '\u00ff.test', undefined],
      ['x'.repeat(4096), 'x'.repeat(4096), undefined],
    ])('with the host %s has the attributes that can be known', async (host, address, port) => {
      await using server = await serve(serving(answer))

      expect(await server.send(requestOf('GET /items/7', [`Host: ${host}`]))).toMatch(/ 200 /)
      await expectSpans(recorder, ok({ 'server.address': address, 'server.port': port }))
    })

    it.each([']][[:::99999999', '[', '@', 'a b', ',', '<script>', '%00'])(
      'with the host %s is answered, and is one span',
      async host => {
        await using server = await serve(serving(answer))

        expect(await server.send(requestOf('GET /items/7', [`Host: ${host}`]))).toMatch(/ 200 /)
        await recorder.waitFor('GET /items/:id')
        const { 'server.address': address, 'server.port': port } = recorder.spans()[0]?.attributes ?? {}
        expect(address === undefined || (typeof address === 'string' && address !== '')).toBe(true)
        await expectSpans(recorder, ok({ 'server.address': address, 'server.port': port }))
      },
    )

    it('from a trusted proxy cannot set an invalid scheme', async () => {
      const app = serving(answer, {}, { trustProxy: true })
      await using server = await serve(app)
      const forwarded = ['X-Forwarded-Proto: javascript', 'X-Forwarded-For: 203.0.113.9']

      expect(await server.send(requestOf('GET /items/7', forwarded))).toMatch(/ 200 /)
      await expectSpans(recorder, ok({ 'client.address': '203.0.113.9' }))
    })

    it.each([',', '<script>', '\u00ff', LONG, ', ,', '[::1', ''])(
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

    it.each([',', '<script>', '\u00ff', LONG, ', ,', ']][[:::99999', ''])(
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

    it('in a body with invalid chunks ends the span once', async () => {
      await using server = await serve(serving(req => req.resume().on('error', () => undefined)))
      const socket = server.connect(
        requestOf('POST /items/7', ['Transfer-Encoding: chunked'], '3\r\nabc\r\nzz\r\n'),
      )
      await readAll(socket)

      await expectSpans(recorder, {
        name: 'POST /items/:id',
        attributes: { 'http.request.method': 'POST', 'error.type': 'ECONNRESET' },
        failed: true,
      })
    })

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

    it('of half a request keeps no span open when its client has disconnected', async () => {
      await using server = await serve(serving(answer))
      const socket = server.connect('GET /items/7 HTTP/1.1\r\nHost: shop')
      socket.end()

      expect(await nextBytes(socket)).toMatch(/^HTTP\/1\.1 400 /)
      expect([...recorder.spans(), ...recorder.open()]).toEqual([])
    })
  })
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown }).code)
}
