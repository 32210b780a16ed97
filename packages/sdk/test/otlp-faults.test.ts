import { createServer } from 'node:net'

import { describe, expect, it } from '@jest/globals'
import { listen } from '@spanwright/test-kit'

import type { ExporterCount, StartTracingOptions } from '../src/index.ts'
import { freePort, startEndpoint, succeed } from './endpoint.ts'
import { type Answer, type Order, PATIENCE } from './host.ts'
import { useHost } from './use-host.ts'

const host = useHost()

function burst(size: number, flush = true): { spans: string[]; flush: boolean } {
  return { spans: Array.from({ length: size }, (_item, index) => `span ${index}`), flush }
}

async function trace(
  url: string,
  options: StartTracingOptions = {},
  order: Partial<Order> = {},
): Promise<Answer & { exporter: ExporterCount }> {
  const answer = await host.run({
    bursts: [burst(4)],
    ...order,
    options: { exporter: { url: `${url}/v1/traces`, protocol: 'http/json', timeout: 8000 }, ...options },
  })
  const [exporter] = answer.counts.exporters
  if (!exporter) throw new Error('no exporter')
  expect(sumOf(exporter)).toBe(answer.counts.started)
  return { ...answer, exporter }
}

/** In every case, each span is accounted for. */
function sumOf({ exported, waiting, dropped }: ExporterCount): number {
  return exported + waiting + Object.values(dropped).reduce((sum, count) => sum + count, 0)
}

const NOTHING = { queueFull: 0, notEncoded: 0, failed: 0, rejected: 0, shutDown: 0 }

describe('an OTLP endpoint that requests a later retry', () => {
  it(
    'gets a retry after 429, 502, 503 and 504, at the date in Retry-After',
    async () => {
      // One exporter for each status, so that all of them wait at the same time.
      const paths = ['/429', '/502', '/503', '/504']
      const asked = new Set<string>()
      await using endpoint = await startEndpoint((response, request, index) => {
        const path = request.url ?? ''
        if (asked.has(path)) return succeed(response, request, index)
        asked.add(path)
        // A date is in whole seconds.
        const due = Math.ceil(Date.now() / 1000 + 1) * 1000
        response.writeHead(Number(path.slice(1)), { 'retry-after': new Date(due).toUTCString() }).end()
      })
      const { counts, said } = await host.run({
        bursts: [burst(4)],
        options: {
          exporter: paths.map(path => ({ url: endpoint.url + path, protocol: 'http/json', timeout: 8000 })),
          flushTimeout: '10s',
        },
      })
      for (const path of paths) {
        const [first, second, ...more] = endpoint.arrivals.filter(arrival => arrival.path === path)
        expect(more).toEqual([])
        expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(950)
      }
      expect(counts.exporters).toHaveLength(paths.length)
      for (const exporter of counts.exporters) {
        expect(exporter).toMatchObject({ exported: 4, dropped: NOTHING })
        expect(sumOf(exporter)).toBe(counts.started)
      }
      expect(said).toEqual([])
    },
    PATIENCE,
  )

  it(
    'after more time than a batch may take is given up immediately',
    async () => {
      await using endpoint = await startEndpoint(response => {
        response.writeHead(503, { 'retry-after': '60' }).end()
      })
      const { exporter, duration } = await trace(endpoint.url)
      expect(endpoint.arrivals).toHaveLength(1)
      expect(exporter).toMatchObject({
        dropped: { ...NOTHING, failed: 4 },
        lastError: 'Service Unavailable',
      })
      expect(duration).toBeLessThan(4000)
    },
    PATIENCE,
  )

  it.each([400, 401, 403, 404, 408, 500, 501, 505])(
    'gets no retry after %i',
    async status => {
      await using endpoint = await startEndpoint(response => {
        response.writeHead(status, { 'retry-after': '0' }).end()
      })
      const { exporter } = await trace(endpoint.url)
      expect(endpoint.arrivals).toHaveLength(1)
      expect(exporter).toMatchObject({ exported: 0, dropped: { ...NOTHING, failed: 4 } })
    },
    PATIENCE,
  )
})

describe('an OTLP endpoint that accepts only a part', () => {
  /** `partial_success { rejected_spans: 3, error_message: "too old" }`. */
  const inProtobuf = Buffer.from([0x0a, 0x0b, 0x08, 0x03, 0x12, 0x07, ...Buffer.from('too old')])
  const inJson = JSON.stringify({ partialSuccess: { rejectedSpans: '3', errorMessage: 'too old' } })

  it.each([
    ['http/protobuf', inProtobuf],
    ['http/json', inJson],
  ] as const)(
    'has the rejected spans counted over %s, with its reason',
    async (protocol, body) => {
      await using endpoint = await startEndpoint((response, request) => {
        response.writeHead(200, { 'content-type': request.headers['content-type'] }).end(body)
      })
      const { exporter, said } = await trace(endpoint.url, {
        exporter: { url: `${endpoint.url}/v1/traces`, protocol },
      })
      expect(endpoint.arrivals).toHaveLength(1)
      expect(exporter).toMatchObject({
        exported: 1,
        dropped: { ...NOTHING, rejected: 3 },
        lastError: 'too old',
      })
      expect(said).toEqual([
        `warn: spanwright: 3 spans were not exported by otlp ${protocol} (since the start: 0 queue full, ` +
          '0 export failed, 3 rejected by the endpoint, 0 after shutdown); last error: too old',
      ])
    },
    PATIENCE,
  )

  it.each([
    [413, ''],
    // The message of a collector.
    [400, 'http: request body too large'],
  ])(
    'because a request is too large gets it in parts: %i %s',
    async (status, body) => {
      const limit = 1200
      await using endpoint = await startEndpoint((response, request, index) => {
        if (Number(request.headers['content-length']) > limit) response.writeHead(status).end(body)
        else succeed(response, request, index)
      })
      const { exporter, said } = await trace(endpoint.url, {}, { bursts: [burst(16)] })
      expect(endpoint.accepted()).toEqual(burst(16).spans)
      expect(exporter).toMatchObject({ exported: 16, dropped: NOTHING })
      expect(said).toEqual([])
    },
    PATIENCE,
  )

  it(
    'never gets a request larger than maxBatchBytes, except for a single larger span',
    async () => {
      await using endpoint = await startEndpoint()
      const { exporter } = await trace(
        endpoint.url,
        { exporter: { url: `${endpoint.url}/v1/traces` }, batch: { maxBatchBytes: 1000 } },
        { bursts: [burst(40), { spans: ['x'.repeat(3000)] }] },
      )
      expect(exporter).toMatchObject({ exported: 41, dropped: NOTHING })
      // Each of them contains the resource.
      const sizes = endpoint.arrivals.map(({ body }) => body.length)
      expect(sizes.filter(size => size > 1500)).toHaveLength(1)
      expect(sizes.length).toBeGreaterThan(3)
    },
    PATIENCE,
  )
})

describe('many batches', () => {
  it(
    'are sent one after the other, and none is lost',
    async () => {
      let open = 0
      let most = 0
      await using endpoint = await startEndpoint((response, request, index) => {
        most = Math.max(most, (open += 1))
        setImmediate(() => {
          open -= 1
          succeed(response, request, index)
        })
      })
      const { exporter } = await trace(
        endpoint.url,
        { batch: { maxBatchSize: 50, maxQueueSize: 20_001 }, flushTimeout: '30s' },
        { bursts: [burst(2001, false)] },
      )
      expect(exporter).toMatchObject({ exported: 2001, dropped: NOTHING })
      expect(endpoint.arrivals).toHaveLength(41)
      expect(most).toBe(1)
    },
    PATIENCE,
  )
})

describe('at shutdown', () => {
  it(
    'an endpoint that refuses connections is tried once, and waiting spans are dropped immediately, with the cause',
    async () => {
      const url = `http://127.0.0.1:${await freePort()}`
      const { exporter, duration, said } = await trace(
        url,
        { batch: { maxBatchSize: 1 } },
        { bursts: [burst(3, false)] },
      )
      expect(duration).toBeLessThan(2000)
      expect(exporter).toMatchObject({ dropped: { ...NOTHING, failed: 3 } })
      expect(said).toEqual([
        expect.stringMatching(
          /no collector answers at http:\/\/127\.0\.0\.1:\d+\/v1\/traces \(option exporter\.url\): connect ECONNREFUSED/,
        ),
        expect.stringMatching(
          /3 spans were not exported .* 3 export failed, 0 after shutdown\); last error: connect ECONNREFUSED/,
        ),
      ])
    },
    PATIENCE,
  )

  it(
    'an endpoint that stalls delays spans and metrics for at most flushTimeout',
    async () => {
      await using endpoint = await startEndpoint(() => {})
      const metrics = { url: `${endpoint.url}/v1/metrics` }
      const { exporter, duration } = await trace(
        endpoint.url,
        { flushTimeout: '1s', metrics },
        { bursts: [burst(3, false)] },
      )
      expect(duration).toBeGreaterThan(900)
      expect(duration).toBeLessThan(3000)
      expect(exporter).toMatchObject({
        dropped: { ...NOTHING, shutDown: 3 },
        lastError: 'not sent within 1000 ms: no answer',
      })
    },
    PATIENCE,
  )

  it(
    'an endpoint that requests a retry has its response reported',
    async () => {
      await using endpoint = await startEndpoint(response => void response.writeHead(503).end())
      const { exporter, said } = await trace(
        endpoint.url,
        { flushTimeout: '300ms' },
        { bursts: [burst(3, false)] },
      )
      expect(exporter).toMatchObject({ dropped: { ...NOTHING, shutDown: 3 } })
      expect(said).toEqual([
        expect.stringMatching(/3 after shutdown\); last error: not sent within 300 ms: Service Unavailable$/),
      ])
    },
    PATIENCE,
  )

  it(
    'an endpoint that accepts a connection and never responds delays for at most flushTimeout',
    async () => {
      const server = createServer(() => {})
      const port = await listen(server)
      const { exporter, duration } = await trace(
        `http://127.0.0.1:${port}`,
        { flushTimeout: '500ms' },
        { bursts: [burst(2, false)] },
      )
      server.close()
      expect(duration).toBeLessThan(3000)
      expect(exporter).toMatchObject({ dropped: { ...NOTHING, shutDown: 2 } })
    },
    PATIENCE,
  )
})

describe('a failure response is reported with how to fix its cause:', () => {
  it.each([
    [
      401,
      /^Unauthorized: http.*\/v1\/traces \(option exporter\.url\) wants other credentials: .*OTEL_EXPORTER_OTLP_HEADERS/,
    ],
    [404, /^Not Found: nothing takes traces at http.* an OTLP endpoint has the path \/v1\/traces$/],
    [413, /^Payload Too Large: .*maxBatchBytes/],
  ])(
    '%i',
    async (status, message) => {
      await using endpoint = await startEndpoint(response => void response.writeHead(status).end())
      const { exporter } = await trace(endpoint.url, {}, { bursts: [burst(1)] })
      expect(exporter.lastError).toMatch(message)
    },
    PATIENCE,
  )

  it(
    'TLS where there is none',
    async () => {
      await using endpoint = await startEndpoint()
      const { exporter } = await trace(endpoint.url.replace('http', 'https'))
      expect(exporter).toMatchObject({
        dropped: { failed: 4 },
        lastError: expect.stringMatching(/does not speak TLS: begin the URL with http:\/\/$/),
      })
    },
    PATIENCE,
  )

  it(
    'no TLS where it is required',
    async () => {
      await using endpoint = await startEndpoint(response => {
        response.writeHead(400).end('Client sent an HTTP request to an HTTPS server.\n')
      })
      expect((await trace(endpoint.url)).exporter.lastError).toMatch(
        /wants TLS: begin the URL with https:\/\/$/,
      )
    },
    PATIENCE,
  )

  it(
    'with the message of the endpoint',
    async () => {
      // `google.rpc.Status { message: "no such tenant" }`.
      const status = Buffer.from([0x12, 0x0e, ...Buffer.from('no such tenant')])
      await using endpoint = await startEndpoint(response => {
        response.writeHead(400, { 'content-type': 'application/x-protobuf' }).end(status)
      })
      expect((await trace(endpoint.url)).exporter.lastError).toBe('Bad Request: no such tenant')
    },
    PATIENCE,
  )
})
