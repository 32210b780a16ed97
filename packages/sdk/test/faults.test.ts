import { once } from 'node:events'

import { describe, expect, it } from '@jest/globals'

import type { ExporterCount } from '../src/index.ts'
import { type Behaviour, freePort, startEndpoint, succeed } from './endpoint.ts'
import { type Answer, type Order, PATIENCE } from './host.ts'
import { useHost } from './use-host.ts'

const host = useHost()

function burst(size: number, flush = false): { spans: string[]; flush: boolean } {
  return { spans: Array.from({ length: size }, (_item, index) => `span ${index}`), flush }
}

async function trace(url: string, order: Partial<Order> = {}): Promise<Answer & { exporter: ExporterCount }> {
  const answer = await host.run({
    ...order,
    options: {
      exporter: { url, protocol: 'http/json', timeout: 8000 },
      flushTimeout: '10s',
      ...order.options,
    },
  })
  const [exporter] = answer.counts.exporters
  if (!exporter) throw new Error('no exporter')
  expectSumOf(answer.counts.started, exporter, answer)
  return { ...answer, exporter }
}

/** In every case, each span is accounted for. */
function expectSumOf(
  started: number,
  { exported, waiting, dropped }: ExporterCount,
  { counts }: Pick<Answer, 'counts'>,
): void {
  const lost = dropped.queueFull + dropped.failed + dropped.shutDown
  expect(counts.unsampled + counts.sampledOut + exported + waiting + lost).toBe(started)
  expect(waiting).toBe(0)
}

describe('an endpoint that fails', () => {
  it(
    'gets a retry after 429, 502, 503 and 504, not before the time in Retry-After',
    async () => {
      // One exporter for each status, so that all of them wait at the same time.
      const paths = ['/429', '/502', '/503', '/504']
      const asked = new Set<string>()
      await using endpoint = await startEndpoint((response, request, index) => {
        const path = request.url ?? ''
        if (asked.has(path)) return succeed(response, request, index)
        asked.add(path)
        response.writeHead(Number(path.slice(1)), { 'retry-after': '1' }).end()
      })
      const { counts, said } = await host.run({
        options: {
          exporter: paths.map(path => ({ url: endpoint.url + path, protocol: 'http/json', timeout: 8000 })),
          flushTimeout: '10s',
        },
      })
      expect(endpoint.accepted()).toEqual(paths.map(() => 'one'))
      for (const path of paths) {
        const [first, second, ...more] = endpoint.arrivals.filter(arrival => arrival.path === path)
        expect(more).toEqual([])
        expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(900)
      }
      expect(counts.exporters).toHaveLength(paths.length)
      for (const exporter of counts.exporters) {
        expect(exporter).toMatchObject({ exported: 1, dropped: { failed: 0 } })
        expectSumOf(counts.started, exporter, { counts })
      }
      expect(said).toEqual([])
    },
    PATIENCE,
  )

  it(
    'gets no retry after 400, and the loss is reported once with its reason',
    async () => {
      await using endpoint = await startEndpoint(response => {
        response.writeHead(400).end('not like that')
      })
      const { exporter, said } = await trace(endpoint.url, { bursts: [burst(3, true), burst(2, true)] })
      expect(endpoint.arrivals).toHaveLength(2)
      expect(exporter).toMatchObject({ exported: 0, dropped: { failed: 5 }, lastError: 'Bad Request' })
      expect(said).toEqual([
        'warn: spanwright: 5 spans were not exported by otlp http/json ' +
          '(since the start: 0 queue full, 5 export failed, 0 after shutdown); last error: Bad Request',
      ])
    },
    PATIENCE,
  )

  it(
    'gets the spans when it becomes available while they wait',
    async () => {
      const port = await freePort()
      const url = `http://127.0.0.1:${port}/v1/traces`
      const running = trace(url, { bursts: [burst(10, true)] })
      // The first attempt is refused before the endpoint exists: a process needs longer than this to listen.
      await using endpoint = await startLater(port)
      expect((await running).exporter).toMatchObject({ exported: 10, dropped: { failed: 0 } })
      expect(endpoint.accepted()).toHaveLength(10)
    },
    PATIENCE,
  )

  it.each<[what: string, misbehave: Behaviour]>([
    ['closes the connection', response => void response.destroy()],
    [
      'closes the connection in the middle of its response',
      response => {
        response.writeHead(503, { 'content-length': '100' })
        response.write('half')
        setImmediate(() => response.destroy())
      },
    ],
  ])(
    'gets a retry when it %s',
    async (_what, misbehave) => {
      await using endpoint = await startEndpoint((response, request, index) =>
        index === 0 ? misbehave(response, request, index) : succeed(response, request, index),
      )
      const { exporter } = await trace(endpoint.url)
      expect(endpoint.arrivals).toHaveLength(2)
      expect(exporter).toMatchObject({ exported: 1 })
    },
    PATIENCE,
  )

  it(
    'may respond with any body, as long as the status is a success',
    async () => {
      await using endpoint = await startEndpoint(response => {
        response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>welcome</h1>')
      })
      expect((await trace(endpoint.url)).exporter).toMatchObject({ exported: 1 })
    },
    PATIENCE,
  )

  it(
    'may respond without end: the rest is not read, and the status counts',
    async () => {
      const closed: Promise<unknown>[] = []
      await using endpoint = await startEndpoint(response => {
        closed.push(once(response, 'close'))
        response.writeHead(200, { 'content-type': 'application/json' })
        const write = (): void => {
          while (response.write('x'.repeat(16_384)));
          response.once('drain', write)
        }
        write()
      })
      expect((await trace(endpoint.url)).exporter).toMatchObject({ exported: 1 })
      expect(closed).toHaveLength(1)
      await closed[0]
    },
    PATIENCE,
  )

  it(
    'that never responds delays nothing for longer than the timeouts',
    async () => {
      await using endpoint = await startEndpoint(() => {})
      const { exporter, duration } = await trace(endpoint.url, {
        options: {
          exporter: { url: endpoint.url, protocol: 'http/json' },
          batch: { timeout: '300ms' },
        },
      })
      expect(duration).toBeLessThan(5000)
      expect(exporter).toMatchObject({ dropped: { failed: 1 }, lastError: 'no answer within 300 ms' })
    },
    PATIENCE,
  )
})

describe('a full queue', () => {
  it(
    'drops further spans, even while its batches hang, and reports once how many',
    async () => {
      await using endpoint = await startEndpoint(() => {})
      const { exporter, said } = await trace(endpoint.url, {
        options: { batch: { maxQueueSize: 20, maxBatchSize: 5 }, flushTimeout: '300ms' },
        bursts: [burst(100), burst(50)],
      })
      expect(exporter).toMatchObject({ exported: 0, dropped: { queueFull: 130, failed: 0, shutDown: 20 } })
      expect(said).toEqual([expect.stringContaining('150 spans were not exported')])
    },
    PATIENCE,
  )

  it(
    'is reported once per interval while it lasts',
    async () => {
      await using endpoint = await startEndpoint((response, request, index) => {
        setTimeout(() => succeed(response, request, index), 300)
      })
      const { exporter, said } = await trace(endpoint.url, {
        options: { batch: { maxQueueSize: 10, maxBatchSize: 10, reportInterval: 50 } },
        bursts: [burst(30, true), burst(10, true), burst(25, true)],
      })
      expect(exporter).toMatchObject({ exported: 30, dropped: { queueFull: 35 } })
      expect(said.map(line => /(\d+) spans/.exec(line)?.[1])).toEqual(['20', '15'])
    },
    PATIENCE,
  )
})

async function startLater(port: number): ReturnType<typeof startEndpoint> {
  await new Promise(resolve => {
    setTimeout(resolve, 500)
  })
  return startEndpoint(succeed, port)
}
