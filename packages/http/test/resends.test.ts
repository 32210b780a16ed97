import { once } from 'node:events'
import type { ClientRequest, RequestListener } from 'node:http'
import type { Socket } from 'node:net'

import { serve, type TestServer } from '@spanwright/http-servers'
import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { describe, expect, it } from '@jest/globals'
import { withSpan } from '@spanwright/core'
import { create as createAxios } from 'axios'
import axiosRetry from 'axios-retry'
import { http as followRedirects } from 'follow-redirects'
import got from 'got'
import fetch from 'node-fetch'
import superagent from 'superagent'

import { recorder } from './recorder.ts'
import { attributesOf, bodyOf, responseTo, send, UNSET, type Way, WAYS } from './ways.ts'

const RESENDS = 'http.request.resend_count'

/** Leads from `/first` over `/second` to `/items/7`, and answers `/busy` with 503 but for the third time. */
function detour(): RequestListener {
  let busy = 0
  return (req, res) => {
    req.resume()
    if (req.url === '/first') res.writeHead(302, { location: '/second' }).end('there')
    else if (req.url === '/second') {
      res.writeHead(307, { location: `http://${req.headers.host}/items/7#part` }).end()
    } else if (req.url === '/busy' && ++busy < 3) res.writeHead(503).end()
    else if (req.url === '/cut' && ++busy < 3) req.socket.destroy()
    else res.end('ok')
  }
}

/** The spans of requests, once there are so many, all of them below the caller's. */
async function requests(count: number): Promise<ReadableSpan[]> {
  await recorder.waitFor(() => recorder.spans().length === count + 1)
  const caller = await recorder.waitFor('caller')
  const spans = recorder.spans().filter(({ kind }) => kind === SpanKind.CLIENT)
  expect(spans).toHaveLength(count)
  for (const { parentSpanContext } of spans) {
    expect(parentSpanContext?.spanId).toBe(caller.spanContext().spanId)
  }
  expect(recorder.open()).toEqual([])
  return spans
}

const countsOf = (spans: readonly ReadableSpan[]) => spans.map(({ attributes }) => attributes[RESENDS])

/** Answers one request on each connection, and closes it when a second one comes. */
function closing(): RequestListener {
  const used = new WeakSet<Socket>()
  return ({ socket }, res) => {
    if (used.has(socket)) socket.destroy()
    else res.end('ok')
    used.add(socket)
  }
}

/** Sends a request, and once more when its connection was closed meanwhile, as the manual of Node recommends. */
function sendTwice(way: Way, server: TestServer): Promise<string> {
  return new Promise((resolve, reject) => {
    const attempt = (): void => {
      const sent = send(way, server).end()
      sent.on('response', res => resolve(bodyOf(res)))
      sent.on('error', error => {
        if (sent.reusedSocket && (error as { code?: unknown }).code === 'ECONNRESET') attempt()
        else reject(error)
      })
    }
    attempt()
  })
}

type Client = (url: string, way: Way) => Promise<unknown>

const FOLLOWING: readonly [string, Client][] = [
  [
    'follow-redirects',
    (url, { agent }) =>
      new Promise((resolve, reject) => {
        followRedirects.get(url, { agent }, res => resolve(bodyOf(res))).on('error', reject)
      }),
  ],
  ['axios', (url, { agent }) => createAxios({ httpAgent: agent }).get(url)],
  ['superagent', (url, { agent }) => superagent.get(url).agent(agent as never)],
  ['node-fetch', async (url, { agent }) => (await fetch(url, { agent })).text()],
]

describe.each(WAYS)('requests traced by $way that are sent again', ({ trace }) => {
  it.each(FOLLOWING)('are counted where %s follows a redirect', async (_, get) => {
    await using server = await serve(detour())
    using way = trace()
    await withSpan('caller', () => get(`${server.origin}/first`, way))

    const spans = await requests(3)
    expect(countsOf(spans)).toEqual([undefined, 1, 2])
    expect(spans.map(({ attributes }) => attributes['http.response.status_code'])).toEqual([302, 307, 200])
    expect(spans.map(({ status }) => status)).toEqual([UNSET, UNSET, UNSET])
    expect(spans[2]?.attributes).toEqual({ ...attributesOf(server), [RESENDS]: 2 })
  })

  it('are counted where a broken request is sent again', async () => {
    await using server = await serve(detour())
    using way = trace()
    await withSpan('caller', () =>
      superagent
        .get(`${server.origin}/cut`)
        .retry(2)
        .agent(way.agent as never),
    )

    const spans = await requests(3)
    expect(countsOf(spans)).toEqual([undefined, 1, 2])
    expect(spans.map(({ attributes }) => attributes['error.type'])).toEqual([
      'ECONNRESET',
      'ECONNRESET',
      undefined,
    ])
  })

  it('are counted where a connection that was kept alive had been closed', async () => {
    await using server = await serve(closing())
    using way = trace()
    await withSpan('caller', async () => {
      await bodyOf(await responseTo(send(way, server).end()))
      expect(await sendTwice(way, server)).toBe('ok')
    })

    const spans = await requests(3)
    expect(countsOf(spans)).toEqual([undefined, undefined, 1])
    expect(spans.map(({ status }) => status.code)).toEqual([
      SpanStatusCode.UNSET,
      SpanStatusCode.ERROR,
      SpanStatusCode.UNSET,
    ])
    expect(spans[1]?.attributes['error.type']).toBe('ECONNRESET')
  })

  it('are not counted where another request is sent meanwhile', async () => {
    await using server = await serve(detour())
    using way = trace()
    await withSpan('caller', async () => {
      const sent = send(way, server, { path: '/first' }).end()
      let other: ClientRequest | undefined
      sent.on('response', res => {
        res.resume()
        other = send(way, server, { path: '/items/8' }).end()
      })
      await once(sent, 'close')
      await bodyOf(await responseTo(other!))
    })

    expect(countsOf(await requests(2))).toEqual([undefined, undefined])
  })

  it.each<[string, Client]>([
    [
      'axios-retry',
      (url, { agent }) => {
        const client = createAxios({ httpAgent: agent })
        axiosRetry(client, { retries: 2, retryDelay: () => 1 })
        return client.get(url)
      },
    ],
    [
      'got 11',
      (url, { agent }) =>
        got.get(url, { agent: { http: agent }, retry: { limit: 2, calculateDelay: () => 1 } } as never),
    ],
  ])('have a span each where %s retries after a while', async (_, get) => {
    await using server = await serve(detour())
    using way = trace()
    await withSpan('caller', () => get(`${server.origin}/busy`, way))

    const spans = await requests(3)
    expect(spans.map(({ attributes }) => attributes['http.response.status_code'])).toEqual([503, 503, 200])
    expect(spans.map(({ status }) => status.code)).toEqual([
      SpanStatusCode.ERROR,
      SpanStatusCode.ERROR,
      SpanStatusCode.UNSET,
    ])
  })
})
