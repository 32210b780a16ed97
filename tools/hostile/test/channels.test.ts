import { channel } from 'node:diagnostics_channel'
import { setImmediate } from 'node:timers/promises'

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { traceFetch, traceUndici, tracing, type UndiciTracing } from '@spanwright/undici'
import { Agent, request } from 'undici'

import { broken } from './faults.ts'
import { collectDiag, serve, type TestServer } from '@spanwright/test-kit'

const CHANNELS = [
  'net.client.socket',
  'undici:client:beforeConnect',
  'undici:client:connectError',
  'undici:client:connected',
  'undici:client:sendHeaders',
  'undici:request:bodyChunkReceived',
  'undici:request:bodyChunkSent',
  'undici:request:bodySent',
  'undici:request:create',
  'undici:request:error',
  'undici:request:headers',
  'undici:request:trailers',
]

/** What another version of undici, or another publisher, might publish. */
const MESSAGES: readonly unknown[] = [
  undefined,
  null,
  5,
  'lie',
  {},
  broken,
  { request: null },
  { request: broken, socket: broken, connectParams: broken },
  { request: {}, response: null, error: null, chunk: null, headers: null, socket: null, connectParams: null },
  { request: { method: 'GET', path: 5, headers: 5, origin: broken }, socket: {}, connectParams: {} },
  { request: { method: broken, path: broken, headers: broken } },
]

let server: TestServer
let watching: UndiciTracing
const uncaught: unknown[] = []
const note = (error: unknown): void => void uncaught.push(error)

beforeAll(async () => {
  server = await serve((_req, res) => res.end('served'))
  watching = traceUndici({ stages: true, metrics: { connections: true } })
})
afterAll(async () => {
  watching.stop()
  await server[Symbol.asyncDispose]()
})

let diagnostics: ReturnType<typeof collectDiag>
beforeEach(() => {
  diagnostics = collectDiag()
  process.prependListener('uncaughtException', note)
})
afterEach(() => {
  diagnostics.stop()
  process.removeListener('uncaughtException', note)
})

describe('a malformed message', () => {
  it.each(CHANNELS)('on %s has no effect on the application', async name => {
    const url = `http://127.0.0.1:${server.port}/`
    const agent = new Agent()
    const under = request(url, { dispatcher: agent.compose(tracing({ stages: true })) })
    for (const message of MESSAGES) channel(name).publish(message)
    const { body } = await under
    expect(await body.text()).toBe('served')
    for (const message of MESSAGES) channel(name).publish(message)
    expect(await (await traceFetch(globalThis.fetch)(url)).text()).toBe('served')
    await agent.close()
    // A subscriber that throws is an uncaught exception of the next tick.
    await setImmediate()
    expect(uncaught).toEqual([])
    // At most a few classes of errors, whatever the number of messages.
    expect(diagnostics.messages.length).toBeLessThanOrEqual(4)
  })
})
