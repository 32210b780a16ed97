import { once } from 'node:events'

import { SpanStatusCode } from '@opentelemetry/api'
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { collectGarbage } from '@spanwright/test-kit'
import { recordTests } from '@spanwright/test-kit/recorder'
import { traceFetch, traceUndici, tracing } from '@spanwright/undici'

import { startServer, type TestServer } from './server.ts'
import { onlySpan, spansEnded } from './span-assertions.ts'
import { VERSIONS, WAYS } from './ways.ts'

const SIZE = 1_000_000
const recorder = recordTests()
let server: TestServer
/** Lets the server end responses that it has begun. */
let release: (() => void)[] = []
beforeAll(async () => {
  server = await startServer((request, response) => {
    if (request.url === '/slow') {
      response.write('first')
      release.push(() => response.end('last'))
    } else {
      response.end(request.url === '/large' ? Buffer.alloc(SIZE) : 'small')
    }
  })
})
afterEach(async () => {
  release = []
})
afterAll(async () => {
  await server.stop()
})

/** Lets everything happen that is ready to, and then collects garbage, which takes its time. */
async function collected(times = 1): Promise<void> {
  for (let i = 0; i < times; i++) {
    await turns(10)
    collectGarbage()
  }
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(resolve => setImmediate(resolve))
}

async function collectedUntil(isDone: () => boolean): Promise<void> {
  while (!isDone()) await collected()
}

jest.setTimeout(60_000)

describe.each(WAYS)('%s', (_, start) => {
  it('ends the span with the last byte of a body, not before', async () => {
    const way = start()
    const response = await way.send(`${server.origin}/slow`)
    await turns(5)
    expect(recorder.spans()).toEqual([])
    const body = response.text()
    release.forEach(end => end())
    expect(await body).toBe('firstlast')
    const span = onlySpan(recorder)
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET })
    expect(span.events.map(({ name }) => name)).toEqual(['spanwright.response.headers'])
    await way.stop()
  })

  it('ends the span of a small body that is never read', async () => {
    const way = start()
    await way.send(`${server.origin}/small`)
    await spansEnded(recorder, 1)
    expect(onlySpan(recorder).status).toEqual({ code: SpanStatusCode.UNSET })
    await way.stop()
  })

  it('ends the span of a large body that is cancelled', async () => {
    const way = start()
    const response = await way.send(`${server.origin}/large`)
    await response.cancel()
    await spansEnded(recorder, 1)
    expect(onlySpan(recorder).status).toEqual({ code: SpanStatusCode.UNSET })
    await way.stop()
  })
})

describe.each(VERSIONS)('a large body of %s that is never read', (_, undici) => {
  it('ends its span when the body of request() was garbage-collected', async () => {
    const agent = new undici.Agent()
    const dispatcher = agent.compose(tracing())
    await (async () => {
      const { statusCode } = await undici.request(`${server.origin}/large`, { dispatcher })
      expect(statusCode).toBe(200)
    })()
    await collectedUntil(() => recorder.spans().length > 0)

    const span = onlySpan(recorder)
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET })
    expect(span.attributes['http.response.status_code']).toBe(200)
    expect(span.events.map(({ name }) => name)).toEqual([
      'spanwright.response.headers',
      'spanwright.body.abandoned',
    ])
    await agent.destroy()
    expect(recorder.spans().length).toBe(1)
  })

  it.each(['traceFetch()', 'traceUndici()'])(
    'ends its span when the caller has lost the response of fetch(), by %s',
    async by => {
      const agent = new undici.Agent()
      const handle = by === 'traceUndici()' ? traceUndici() : undefined
      const fetch = handle ? undici.fetch : traceFetch(undici.fetch)
      await (async () => {
        const { status } = await fetch(`${server.origin}/large`, { dispatcher: agent })
        expect(status).toBe(200)
      })()
      await collectedUntil(() => recorder.spans().length > 0)

      expect(onlySpan(recorder).status).toEqual({ code: SpanStatusCode.UNSET })
      handle?.stop()
      await agent.destroy()
    },
  )

  it('keeps its span while the caller holds it, and can be read later', async () => {
    const agent = new undici.Agent()
    const dispatcher = agent.compose(tracing())
    const { body } = await undici.request(`${server.origin}/large`, { dispatcher })
    await collected(3)
    expect(recorder.spans()).toEqual([])

    expect((await body.arrayBuffer()).byteLength).toBe(SIZE)
    const span = onlySpan(recorder)
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET })
    expect(span.events.map(({ name }) => name)).toEqual(['spanwright.response.headers'])
    await agent.close()
  })

  it('is read to its end by listeners, although nothing else references it', async () => {
    const agent = new undici.Agent()
    const dispatcher = agent.compose(tracing())
    let length = 0
    let isRead = false
    const listen = async (): Promise<void> => {
      const { body } = await undici.request(`${server.origin}/large`, { dispatcher })
      await collected(2)
      body.on('end', () => {
        isRead = true
      })
      body.on('data', (chunk: Buffer) => {
        length += chunk.length
      })
    }
    await listen()
    await collectedUntil(() => isRead)
    expect(length).toBe(SIZE)
    expect(onlySpan(recorder).events.map(({ name }) => name)).toEqual(['spanwright.response.headers'])
    await agent.close()
  })

  it('still notifies a caller that holds it when its dispatcher is destroyed', async () => {
    const agent = new undici.Agent()
    const dispatcher = agent.compose(tracing())
    const { body } = await undici.request(`${server.origin}/large`, { dispatcher })
    await collected()
    const failed = once(body, 'error')
    const reason = Object.assign(new Error('closing down'), { code: 'CLOSING_DOWN' })
    await agent.destroy(reason)
    expect(await failed).toEqual([reason])
    expect(onlySpan(recorder).attributes['error.type']).toBe('CLOSING_DOWN')
  })
})
