import { once } from 'node:events'
import { createServer, type Server } from 'node:http'

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { listen } from '@spanwright/test-kit'
import { addEvent, recordException, withSpan } from '@spanwright/core'
import { tracing } from '@spanwright/express'
import { startTracing, type StartTracingOptions } from '@spanwright/sdk'
import { traceFetch } from '@spanwright/undici'
import express from 'express'

import { breaking, LIES, propagatorFaults } from './faults.ts'

/** Longer than a part that never settles may delay the end. */
const FLUSH_TIMEOUT = 100

const quietExporter = { export: (_: unknown, done: (result: { code: number }) => void) => done({ code: 0 }) }
const quietProcessor = { onStart() {}, onEnd() {}, async forceFlush() {}, async shutdown() {} }
const never = (): Promise<never> => new Promise(() => {})
const rejecting = (): Promise<never> => Promise.reject(new Error('telemetry broke'))

type Parts = Omit<StartTracingOptions, 'metrics'>

/** Parts that an application passes to `startTracing()`, each of which throws or returns wrong values in one way. */
function* faults(): Generator<readonly [string, Parts]> {
  for (const [way, fail] of [
    ['throws', breaking],
    ['rejects', rejecting],
    ['never settles', never],
  ] as const) {
    for (const method of ['onStart', 'onEnding', 'onEnd', 'forceFlush', 'shutdown']) {
      yield [
        `a processor whose ${method}() ${way}`,
        { spanProcessors: [{ ...quietProcessor, [method]: fail }] as never },
      ]
    }
    for (const method of ['export', 'forceFlush', 'shutdown']) {
      const exporter = { ...quietExporter, async shutdown() {}, [method]: fail }
      yield [`an exporter whose ${method}() ${way}`, { exporter }]
    }
  }
  yield [
    'an exporter that calls back twice',
    {
      exporter: {
        ...quietExporter,
        export(_, done) {
          done({ code: 0 })
          done({ code: 1, error: new Error('telemetry broke') })
        },
        async shutdown() {},
      },
    },
  ]
  yield ['a sampler that throws', { sampler: { shouldSample: breaking } }]
  yield [
    'an id generator that throws',
    { idGenerator: { generateTraceId: breaking, generateSpanId: breaking } },
  ]
  for (const [lie, value] of LIES) {
    yield [`a sampler that returns ${lie}`, { sampler: { shouldSample: () => value as never } }]
    yield [
      `a sampler whose attributes are ${lie}`,
      { sampler: { shouldSample: () => ({ decision: 2, attributes: value }) as never } },
    ]
    yield [
      `an id generator that returns ${lie}`,
      { idGenerator: { generateTraceId: () => value as never, generateSpanId: () => value as never } },
    ]
    yield [
      `an exporter that calls back with ${lie}`,
      { exporter: { export: (_, done) => done(value as never), async shutdown() {} } },
    ]
  }
  for (const [name, propagator] of propagatorFaults()) yield [name, { propagators: [propagator] }]
}

let inner: Server
let outer: Server
let origin = ''

beforeAll(async () => {
  inner = createServer((_request, response) => response.end('inner'))
  const target = `http://127.0.0.1:${await listen(inner)}`
  const fetch = traceFetch(globalThis.fetch)
  const app = express().set('env', 'test').use(tracing())
  app.get('/jobs/:id', async (_req, res) => {
    const text = await withSpan('work', async () => {
      addEvent('half way', { done: 0.5 })
      recordException(new Error('first try'))
      const answer = await fetch(target)
      return answer.text()
    })
    res.send(text)
  })
  app.get('/broken', () => withSpan('work', () => breaking()))
  outer = createServer(app)
  origin = `http://127.0.0.1:${await listen(outer)}`
})

afterAll(async () => {
  for (const server of [outer, inner]) {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
})

async function outcome(): Promise<unknown> {
  const answers: unknown[] = []
  for (const path of ['/jobs/7', '/broken', '/none']) {
    const headers = {
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      baggage: 'a=1',
      connection: 'close',
    }
    const response = await fetch(origin + path, { headers })
    const text = await response.text()
    answers.push([response.status, response.ok ? text : ''])
  }
  return answers
}

describe('startTracing()', () => {
  it.each([...faults()])('does not affect the application, and ends, with %s', async (_, parts) => {
    const untraced = await outcome()
    const telemetry = startTracing({
      exporter: 'none',
      flushTimeout: FLUSH_TIMEOUT,
      flushOnExit: false,
      ...parts,
    })
    try {
      expect(await outcome()).toEqual(untraced)
      await telemetry.forceFlush().catch(() => undefined)
      expect(telemetry.counts().ended).toBeGreaterThanOrEqual(0)
      telemetry.report()
    } finally {
      await telemetry.shutdown()
    }
    expect(untraced).toEqual([
      [200, 'inner'],
      [500, ''],
      [404, ''],
    ])
  })
})
