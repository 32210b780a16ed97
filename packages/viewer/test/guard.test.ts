import { connect } from 'node:net'

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readAll } from '@spanwright/test-kit'

import { startViewer, type Viewer } from '../src/index.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

let viewer: Viewer
beforeAll(async () => {
  viewer = await startViewer({ port: 0 })
})
afterAll(() => viewer.stop())

describe('a page of another site', () => {
  /** The first line of the response to a request written by hand: `fetch` sets these headers itself. */
  async function answerTo(
    line: string,
    headers: Readonly<Record<string, string>>,
    body = '',
  ): Promise<string> {
    const socket = connect(viewer.port, '127.0.0.1')
    const all = {
      host: `localhost:${viewer.port}`,
      connection: 'close',
      'content-length': body.length,
      ...headers,
    }
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`)
    socket.write(`${[`${line} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n${body}`)
    return (await readAll(socket)).split('\r\n', 1)[0] ?? ''
  }

  const refused = 'HTTP/1.1 403 Forbidden'

  it.each(['evil.example', 'evil.example:4318', 'localhost.evil.example', '127.0.0.1.nip.io', '0.0.0.0', ''])(
    'has no access as the host %j',
    async host => {
      expect(await answerTo('GET /api/traces', { host })).toBe(refused)
      expect(await answerTo('GET /', { host })).toBe(refused)
      expect(await answerTo('POST /v1/traces', { host, ...JSON_TYPE }, '{}')).toBe(refused)
      expect(await answerTo('DELETE /api/traces', { host })).toBe(refused)
    },
  )

  it.each(['https://evil.example', 'null', 'http://localhost:3000', 'http://evil.example:4318'])(
    'has no access from the origin %s',
    async origin => {
      expect(await answerTo('GET /api/traces', { origin })).toBe(refused)
      expect(await answerTo('POST /v1/traces', { origin, ...JSON_TYPE }, '{}')).toBe(refused)
      expect(await answerTo('DELETE /api/traces', { origin })).toBe(refused)
    },
  )

  it.each(['cross-site', 'same-site'])('has no access with Sec-Fetch-Site: %s', async site => {
    expect(await answerTo('GET /api/traces', { 'sec-fetch-site': site })).toBe(refused)
    expect(await answerTo('GET /page.js', { 'sec-fetch-site': site, 'sec-fetch-mode': 'no-cors' })).toBe(
      refused,
    )
  })

  it('is refused the preflight request of a browser', async () => {
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' }
    expect(await answerTo('OPTIONS /v1/traces', headers)).toBe(refused)
    const response = await fetch(`${viewer.url}/api/traces`)
    expect(response.headers.get('access-control-allow-origin')).toBe(null)
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
  })

  it('is refused before its body is read, and the page of the viewer itself is not', async () => {
    expect(
      await answerTo('POST /v1/traces', { host: 'evil.example', 'content-length': '1000000', ...JSON_TYPE }),
    ).toBe(refused)
    const own = { origin: `http://localhost:${viewer.port}`, 'sec-fetch-site': 'same-origin' }
    expect(await answerTo('GET /api/traces', own)).toBe('HTTP/1.1 200 OK')
    expect(await answerTo('GET /api/traces', { host: `[::1]:${viewer.port}` })).toBe('HTTP/1.1 200 OK')
  })
})

it('a request under an allowed name is accepted', async () => {
  await using own = await startViewer({ port: 0, allowedHosts: ['Host.Docker.Internal'] })
  const socket = connect(own.port, '127.0.0.1')
  socket.write('GET /api/traces HTTP/1.1\r\nhost: host.docker.internal:4318\r\nconnection: close\r\n\r\n')
  expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 200 OK/)
})
