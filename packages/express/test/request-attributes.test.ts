import { type Attributes, SpanKind } from '@opentelemetry/api'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'
import { SamplingDecision } from '@opentelemetry/sdk-trace-base'
import type { Application } from 'express'

import { type ExpressTracingOptions, tracing } from '@spanwright/express'

import { readAll, serve } from '@spanwright/http-servers'
import { NEWEST } from './versions.ts'

let recorder: SpanRecorder
beforeAll(() => {
  recorder = recordSpans({ global: true })
})
afterEach(() => recorder.reset())
afterAll(() => recorder.stop())

/** Attributes of the one span that a raw request makes. */
async function ask(app: Application, head: string): Promise<Attributes> {
  await using server = await serve(app)
  const socket = server.connect()
  socket.write(`${head}\r\nConnection: close\r\n\r\n`, 'latin1')
  const answer = await readAll(socket)
  expect(answer).toMatch(/^HTTP\/1\.1 (?:200|404|400)/)
  const span = await recorder.waitFor({ kind: SpanKind.SERVER })
  expect(recorder.spans()).toHaveLength(1)
  await recorder.reset()
  return span.attributes
}

const FORWARDED = [
  'GET /x HTTP/1.1',
  'Host: inner.test:8080',
  'X-Forwarded-For: 198.51.100.4, 203.0.113.9',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Host: shop.test:444',
].join('\r\n')

describe.each(NEWEST)('the attributes of a request to $name', ({ load }) => {
  const express = load()
  const traced = (options?: ExpressTracingOptions): Application => {
    const app = express().use(tracing(options))
    app.get('/x', (_req, res) => void res.send('ok'))
    return app
  }

  it('show the socket when no proxy is trusted, whatever was forwarded', async () => {
    expect(await ask(traced(), FORWARDED)).toMatchObject({
      'client.address': '127.0.0.1',
      'network.peer.address': '127.0.0.1',
      'url.scheme': 'http',
      'server.address': 'inner.test',
      'server.port': 8080,
    })
  })

  it('show what a trusted proxy forwarded', async () => {
    const app = express().set('trust proxy', true).use(tracing())

    expect(await ask(app, FORWARDED)).toMatchObject({
      'client.address': '198.51.100.4',
      'network.peer.address': '127.0.0.1',
      'url.scheme': 'https',
      'server.address': 'shop.test',
      'server.port': 444,
    })
  })

  it('follow the framework as far as it trusts, and no further', async () => {
    expect(await ask(express().set('trust proxy', 1).use(tracing()), FORWARDED)).toMatchObject({
      'client.address': '203.0.113.9',
      'url.scheme': 'https',
    })
    expect(await ask(express().set('trust proxy', '10.0.0.0/8').use(tracing()), FORWARDED)).toMatchObject({
      'client.address': '127.0.0.1',
      'url.scheme': 'http',
      'server.address': 'inner.test',
    })
  })

  it.each([
    ['/x?a+b=c%20d&a=2&a', '/x', 'a+b=c%20d&a=2&a'],
    ['/x?%ZZ=%00&q=%E0%A4%A', '/x', '%ZZ=%00&q=%E0%A4%A'],
    ['/x??a=?', '/x', '?a=?'],
    ['/x?', '/x', undefined],
    ['//double//x?y', '//double//x', 'y'],
    ['/%zz/%', '/%zz/%', undefined],
    ['/x;v=1?a=1;b=2', '/x;v=1', 'a=1;b=2'],
    ['http://abs.test/x?y=1', '/x', 'y=1'],
  ])('hold path and query byte for byte: %s', async (target, path, query) => {
    const attributes = await ask(traced(), `GET ${target} HTTP/1.1\r\nHost: h.test`)

    expect(attributes['url.path']).toBe(path)
    expect(attributes['url.query']).toBe(query)
  })

  it('show captured request headers to the sampler', async () => {
    await recorder.stop()
    const seen: Attributes[] = []
    recorder = recordSpans({
      global: true,
      sampler: {
        shouldSample(_context, _traceId, _name, _kind, attributes) {
          seen.push(attributes)
          return { decision: SamplingDecision.RECORD_AND_SAMPLED }
        },
        toString: () => 'all',
      },
    })
    await ask(
      traced({ captureHeaders: { request: ['x-tag'] } }),
      'GET /x HTTP/1.1\r\nHost: h.test\r\nX-Tag: a',
    )

    expect(seen).toEqual([
      expect.objectContaining({
        'http.request.method': 'GET',
        'url.path': '/x',
        'url.scheme': 'http',
        'server.address': 'h.test',
        'client.address': '127.0.0.1',
        'http.request.header.x-tag': ['a'],
      }),
    ])
  })
})
