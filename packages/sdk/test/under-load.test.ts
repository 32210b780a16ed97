import { describe, expect, it } from '@jest/globals'

import type { SpanCounts, StartTracingOptions } from '../src/index.ts'
import { type Behaviour, freePort, startEndpoint, succeed } from './endpoint.ts'
import { PATIENCE } from './host.ts'
import { startLoadedApp } from './load.ts'
import type { Standing } from './loaded-app.ts'

const QUEUE = 300

function optionsFor(url: string): StartTracingOptions {
  return {
    exporter: { protocol: 'http/json', url, timeout: 2500 },
    batch: { maxQueueSize: QUEUE, maxBatchSize: 100, delay: 50, reportInterval: '1s' },
    flushTimeout: '3s',
  }
}

function lostOf({ exporters }: SpanCounts): number {
  const { queueFull = 0, failed = 0, shutDown = 0 } = exporters[0]?.dropped ?? {}
  return queueFull + failed + shutDown
}

function exportedOf({ exporters }: SpanCounts): number {
  return exporters[0]?.exported ?? 0
}

/** Every span is accounted for, and exactly `waiting` spans wait. */
function expectAccounted({ counts }: Standing, waiting: number): void {
  const [exporter] = counts.exporters
  expect(counts.ended).toBe(counts.started - counts.unsampled)
  expect(counts.unsampled + counts.sampledOut + exportedOf(counts) + lostOf(counts) + waiting).toBe(
    counts.started,
  )
  expect(exporter?.waiting).toBe(waiting)
}

/** The endpoint misbehaves in that way for a number of requests, then works. */
const FAULTS: [what: string, misbehave: Behaviour][] = [
  ['answers 503 with Retry-After', response => void response.writeHead(503, { 'retry-after': '1' }).end()],
  ['is slow', (response, request, index) => void setTimeout(() => succeed(response, request, index), 300)],
  ['closes connections', response => void response.destroy()],
  [
    'closes connections in the middle of its response',
    response => {
      response.writeHead(503, { 'content-length': '100' })
      response.write('half')
      setImmediate(() => response.destroy())
    },
  ],
  ['refuses every request', response => void response.writeHead(400).end('<h1>no</h1>')],
  ['never responds', () => {}],
]

describe('an app under load', () => {
  it.each(FAULTS)(
    'responds as usual while the endpoint %s, loses only spans that do not fit, and recovers',
    async (_what, misbehave) => {
      let isHealthy = false
      await using endpoint = await startEndpoint((response, request, index) =>
        (isHealthy ? succeed : misbehave)(response, request, index),
      )
      await using app = await startLoadedApp(optionsFor(endpoint.url))
      const overflown = await app.until(({ counts }) => lostOf(counts) > QUEUE)
      expect(overflown.counts.exporters[0]?.waiting).toBeLessThanOrEqual(QUEUE)
      isHealthy = true
      const before = exportedOf(overflown.counts)
      await app.until(({ counts }) => exportedOf(counts) > before + QUEUE)
      const { end, answers, code } = await app.terminate()

      expect(answers).toMatchObject({ wrong: [] })
      expect(answers.right).toBeGreaterThan(0)
      expect(code).toBe(0)
      expectAccounted(end, 0)
      expect(end.counts.unsampled).toBeGreaterThan(0)
      expect(endpoint.accepted().length).toBeGreaterThanOrEqual(exportedOf(end.counts))
    },
    PATIENCE,
  )

  it(
    'responds as usual while the endpoint is down, and exports once it is up',
    async () => {
      const port = await freePort()
      await using app = await startLoadedApp(optionsFor(`http://127.0.0.1:${port}`))
      const down = await app.until(({ counts }) => lostOf(counts) > 3 * QUEUE)
      expect(exportedOf(down.counts)).toBe(0)
      await using endpoint = await startEndpoint(succeed, port)
      await app.until(({ counts }) => exportedOf(counts) > QUEUE)
      const { end, answers } = await app.terminate()

      expect(answers).toMatchObject({ wrong: [] })
      expectAccounted(end, 0)
      expect(endpoint.accepted()).toHaveLength(exportedOf(end.counts))
    },
    PATIENCE,
  )

  it(
    'loses no spans without faults, even when SIGTERM arrives under load',
    async () => {
      await using endpoint = await startEndpoint()
      const options = optionsFor(endpoint.url)
      await using app = await startLoadedApp({
        ...options,
        batch: { ...options.batch, maxQueueSize: 100_000 },
      })
      await app.until(({ counts }) => exportedOf(counts) > 2 * QUEUE)
      const { end, answers } = await app.terminate()

      expect(answers).toMatchObject({ wrong: [] })
      expectAccounted(end, 0)
      expect(lostOf(end.counts)).toBe(0)
      expect(endpoint.accepted()).toHaveLength(exportedOf(end.counts))
    },
    PATIENCE,
  )

  it(
    'holds at most the configured number of spans of traces that are decided at their end',
    async () => {
      await using endpoint = await startEndpoint(() => {})
      const keep = { errors: true, otherwise: 0.5, maxSpans: 50 }
      await using app = await startLoadedApp({ ...optionsFor(endpoint.url), keep, flushTimeout: '500ms' })
      const { counts } = await app.until(standing => lostOf(standing.counts) > QUEUE)
      expect(counts.localTraces?.held).toBeLessThanOrEqual(50)
      const { end, answers } = await app.terminate()

      expect(answers).toMatchObject({ wrong: [] })
      expectAccounted(end, 0)
      expect(end.counts.sampledOut).toBeGreaterThan(0)
      expect(end.counts.localTraces?.held).toBe(0)
    },
    PATIENCE,
  )
})
