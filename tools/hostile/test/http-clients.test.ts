import { afterAll, beforeAll, describe } from '@jest/globals'
import { traceFetch, traceUndici, tracing, type UndiciTracingOptions } from '@spanwright/undici'
import { Agent, type Dispatcher, fetch as undiciFetch, Pool, request } from 'undici'

import type { HostileOptions } from './faults.ts'
import { testEveryFault } from './outcome.ts'
import { serve, type TestServer } from '@spanwright/test-kit'

let server: TestServer
beforeAll(async () => {
  server = await serve((req, res) => {
    if (req.url === '/redirect') res.writeHead(302, { location: '/items/7' }).end()
    else if (req.url === '/broken')
      res.writeHead(200, { 'content-length': 10 }).write('half', () => res.destroy())
    else if (req.method === 'POST') req.pipe(res)
    else res.writeHead(req.url === '/nowhere' ? 404 : 200, { 'x-from': 'server' }).end(req.url)
  })
})
afterAll(async () => server[Symbol.asyncDispose]())

/** Options that use every part of a client plugin. */
function busy(options: HostileOptions): UndiciTracingOptions {
  return {
    ...options,
    metrics: { activeRequests: true, bodySizes: true, connections: true, ...options.metrics },
    stages: true,
    captureHeaders: { request: ['accept'], response: ['x-from'] },
    existingContext: 'replace',
  }
}

async function settled(work: () => Promise<unknown>): Promise<unknown> {
  try {
    return await work()
  } catch (error) {
    const { name, message, cause } = error as { name: string; message: string; cause?: { code?: string } }
    return { name, message, code: cause?.code }
  }
}

const PATHS = ['/items/7?token=1', '/redirect', '/nowhere', '/broken']

type AnyFetch = (input: string, init?: object) => Promise<Response>

async function fetched(fetch: AnyFetch): Promise<unknown> {
  const answers: unknown[] = []
  const get = async (path: string, init?: object): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, init)
    return { status: response.status, from: response.headers.get('x-from'), body: await response.text() }
  }
  for (const path of PATHS) answers.push(await settled(() => get(path)))
  const headers = { traceparent: 'own', accept: 'text/plain' }
  answers.push(await settled(() => get('/echo', { method: 'POST', body: 'hello', headers })))
  answers.push(await settled(() => get('/late', { signal: AbortSignal.abort() })))
  answers.push(await settled(() => fetch('http://127.0.0.1:1/refused')))
  return answers
}

async function requested(dispatcher: Dispatcher): Promise<unknown> {
  const answers: unknown[] = []
  const send = async (path: string, options: object = {}): Promise<unknown> => {
    const url = `http://127.0.0.1:${server.port}${path}`
    const { statusCode, headers, body } = await request(url, { dispatcher, ...options })
    return { statusCode, from: headers['x-from'], body: await body.text() }
  }
  for (const path of PATHS) answers.push(await settled(() => send(path)))
  const headers = ['accept', 'text/plain', 'traceparent', 'own']
  answers.push(await settled(() => send('/echo', { method: 'POST', body: 'hello', headers })))
  answers.push(await settled(() => send('/late', { signal: AbortSignal.abort() })))
  answers.push(await settled(() => request('http://127.0.0.1:1/refused', { dispatcher })))
  return answers
}

describe('traceFetch()', () => {
  testEveryFault('the fetch of Node', options =>
    fetched(options ? traceFetch(globalThis.fetch, busy(options)) : globalThis.fetch),
  )
  testEveryFault('the fetch of undici', options =>
    fetched((options ? traceFetch(undiciFetch, busy(options)) : undiciFetch) as unknown as AnyFetch),
  )
})

describe('tracing()', () => {
  testEveryFault('an agent', async options => {
    const agent = new Agent()
    try {
      return await requested(options ? agent.compose(tracing(busy(options))) : agent)
    } finally {
      await agent.close()
    }
  })
  testEveryFault('a pool, whose interceptors do not know where it leads', async options => {
    const pool = new Pool(`http://127.0.0.1:${server.port}`)
    try {
      const composed = options ? pool.compose(tracing(busy(options))) : pool
      const answers: unknown[] = []
      for (const path of PATHS) {
        answers.push(
          await settled(async () => {
            const { statusCode, body } = await composed.request({ method: 'GET', path })
            return { statusCode, body: await body.text() }
          }),
        )
      }
      return answers
    } finally {
      await pool.close()
    }
  })
})

describe('traceUndici()', () => {
  testEveryFault('a process', async options => {
    const watching = options && traceUndici(busy(options))
    const agent = new Agent()
    try {
      return [await fetched(globalThis.fetch), await requested(agent)]
    } finally {
      await agent.close()
      watching?.stop()
    }
  })
})
