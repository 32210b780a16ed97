import { describe, expect, it } from '@jest/globals'
import type { Attributes } from '@opentelemetry/api'

import type { PlainHandler, TracedFramework } from './framework.ts'
import { nextBytes, readAll, requestOf, serve, servedOver } from '@spanwright/test-kit'
import { recordTests } from '@spanwright/test-kit/recorder'
import { type ExpectedSpan, expectSpans } from './span.ts'

const answer: PlainHandler = (req, res) => {
  req.resume().on('end', () => res.end('ok'))
}
const LONG = 'x'.repeat(64 * 1024)

const ok = (attributes: Attributes = {}): ExpectedSpan => ({
  name: 'GET /items/:id',
  attributes: { 'http.response.status_code': 200, ...attributes },
})

/** What only HTTP/1.1 can express: bytes that its parser refuses, and requests that lack something. */
export function testHostileBytes(frameworks: readonly TracedFramework[]): void {
  const recorder = recordTests()
  const isOnHttp2 = servedOver().name.endsWith('node:http2')

  describe.each(frameworks)('hostile bytes to $name', ({ serving, checksHost }) => {
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
      // Servers of node:http2 demand no host.
      ...(isOnHttp2 ? [] : [['no host', 'GET /items/7 HTTP/1.1\r\n\r\n']]),
      ['two lengths', requestOf('POST /items/7', ['Content-Length: 3', 'Transfer-Encoding: chunked'], 'abc')],
      ['an unknown method', requestOf('STEAL /items/7')],
    ])('with %s is refused by Node, and has no span', async (_, bytes) => {
      await using server = await serve(serving(answer))

      expect(await server.send(bytes)).toMatch(/^HTTP\/1\.1 400 /)
      expect([...recorder.spans(), ...recorder.open()]).toEqual([])
    })

    it.each([
      ['of an older protocol', 'GET /items/7 HTTP/1.0\r\n\r\n', '1.0'],
      ['that is empty', requestOf('GET /items/7', ['Host:']), '1.1'],
      ['that is only a port', requestOf('GET /items/7', ['Host: :80']), '1.1'],
    ])('without a host, %s, has no attributes of the server', async (_, bytes, version) => {
      await using server = await serve(serving(answer))

      const received = await server.send(bytes)
      expect(received).toMatch(checksHost ? / 400 / : / 200 /)
      const attributes = { 'server.address': undefined, 'network.protocol.version': version }
      const refused = { 'http.response.status_code': 400, 'http.route': undefined }
      await expectSpans(
        recorder,
        checksHost ? { name: 'GET', attributes: { ...attributes, ...refused } } : ok(attributes),
      )
    })

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
