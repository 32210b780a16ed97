import { once } from 'node:events'
import { PassThrough, Writable } from 'node:stream'

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { traceFetch, tracing } from '@spanwright/undici'
import { recordSpans } from '@spanwright/testing'

import { startServer, type TestServer } from './server.ts'
import { onlySpan } from './span-assertions.ts'
import { VERSIONS } from './ways.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer((request, response) => {
    if (request.url === '/broken') {
      request.socket.destroy()
      return
    }
    response.writeHead(200, 'Fine', { 'x-twice': ['a', 'b'], trailer: 'x-sum' })
    request.on('data', chunk => response.write(chunk))
    request.on('end', () => {
      response.addTrailers({ 'x-sum': '7' })
      response.end('answer')
    })
  })
  server.server.on('upgrade', (_request, socket) => {
    socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: chat\r\n\r\nhello')
  })
})
afterEach(() => {
  server.received.length = 0
})
afterAll(() => server.stop())

describe.each(VERSIONS)('without an SDK, %s', (_, undici) => {
  type Dispatcher = InstanceType<typeof undici.Agent>

  /** The result of an action on a dispatcher. */
  async function outcomeWith(
    dispatcher: Dispatcher,
    work: (dispatcher: Dispatcher) => Promise<unknown>,
  ): Promise<unknown> {
    try {
      return await work(dispatcher)
    } catch (error) {
      const { name, message, code } = error as Error & { code?: unknown }
      return { name, message, code }
    } finally {
      await dispatcher.destroy()
    }
  }

  const WORK: Record<string, (dispatcher: Dispatcher) => Promise<unknown>> = {
    'request()': async dispatcher => {
      const { statusCode, headers, body, trailers } = await undici.request(`${server.origin}/a`, {
        method: 'POST',
        body: 'sent ',
        dispatcher,
      })
      const { date, ...others } = headers
      return { statusCode, headers: others, text: await body.text(), trailers, isDated: Boolean(date) }
    },
    'request() with raw headers': async dispatcher => {
      const { headers, body } = await undici.request(server.origin, { responseHeaders: 'raw', dispatcher })
      await body.dump()
      return (headers as unknown as unknown[]).map(String).filter(text => !text.endsWith('GMT'))
    },
    'stream()': async dispatcher => {
      const chunks: string[] = []
      const sink = new Writable({
        write(chunk, _encoding, done) {
          chunks.push(String(chunk))
          done()
        },
      })
      const { trailers } = await undici.stream(server.origin, { method: 'GET', dispatcher }, () => sink)
      return { text: chunks.join(''), trailers }
    },
    'pipeline()': async dispatcher => {
      const pipeline = undici.pipeline(server.origin, { method: 'POST', dispatcher }, ({ body }) =>
        body.pipe(new PassThrough()),
      )
      pipeline.end('sent ')
      const chunks = await pipeline.toArray()
      return chunks.map(String).join('')
    },
    'upgrade()': async dispatcher => {
      const { headers, socket } = await undici.upgrade(server.origin, { protocol: 'chat', dispatcher })
      const [chunk] = (await once(socket, 'data')) as [unknown]
      socket.destroy()
      return { headers, first: String(chunk) }
    },
    'a request that breaks': dispatcher => undici.request(`${server.origin}/broken`, { dispatcher }),
    'a request that is cancelled': async dispatcher => {
      const controller = new AbortController()
      const response = await undici.request(server.origin, { signal: controller.signal, dispatcher })
      controller.abort()
      return response.body.text()
    },
  }

  it.each(Object.entries(WORK))('%s behaves as with a bare dispatcher', async (__, work) => {
    const bare = await outcomeWith(new undici.Agent(), work)
    const traced = await outcomeWith(new undici.Agent().compose(tracing()) as Dispatcher, work)
    expect(traced).toEqual(bare)
    const [first, second] = server.received
    expect(second).toEqual(first)
  })

  it('has spans as soon as there is one', async () => {
    const dispatcher = new undici.Agent().compose(tracing())
    await (await undici.request(server.origin, { dispatcher })).body.dump()
    const recorder = recordSpans({ global: true })
    await (await undici.request(server.origin, { dispatcher })).body.dump()
    expect(onlySpan(recorder)).toMatchObject({
      name: 'GET',
      attributes: { 'http.response.status_code': 200, 'network.peer.port': server.port },
    })
    await dispatcher.close()
    await recorder.stop()
  })

  it('a wrapped fetch passes its arguments on unchanged once it knows the function', async () => {
    const given: unknown[] = []
    const fetch = traceFetch(function spy(input: string, init?: object) {
      given.push(init)
      return undici.fetch(input, init)
    })
    const init = Object.freeze({ method: 'POST', body: 'sent ' })
    const texts: string[] = []
    for (let i = 0; i < 2; i++) texts.push(await (await fetch(server.origin, init)).text())
    expect(texts).toEqual(['sent answer', 'sent answer'])
    expect(given[1]).toBe(init)

    const recorder = recordSpans({ global: true })
    await (await fetch(server.origin, init)).text()
    expect(onlySpan(recorder)).toMatchObject({ name: 'POST' })
    await recorder.stop()
  })
})
