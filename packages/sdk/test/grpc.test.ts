import { Metadata, status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'

import { freePort, startEndpoint } from './endpoint.ts'
import { startGrpcEndpoint } from './grpc-endpoint.ts'
import { type Host, PATIENCE, startHost } from './host.ts'

const PACKAGE = '@opentelemetry/exporter-trace-otlp-grpc'

let host: Host
let bare: Host

beforeAll(async () => {
  host = await startHost()
  bare = await startHost([PACKAGE, '@opentelemetry/exporter-metrics-otlp-grpc'])
}, PATIENCE)

afterAll(async () => {
  await host[Symbol.asyncDispose]()
  await bare[Symbol.asyncDispose]()
})

describe("protocol: 'grpc'", () => {
  it('sends spans and metrics over gRPC, with the headers of code and variables', async () => {
    await using endpoint = await startGrpcEndpoint()
    const { counts, report, said } = await host.run({
      options: {
        serviceName: 'shop',
        exporter: { protocol: 'grpc', url: endpoint.url, headers: { 'x-key': 'code' }, compression: 'gzip' },
        metrics: { protocol: 'grpc', url: endpoint.url },
      },
      variables: { OTEL_EXPORTER_OTLP_HEADERS: 'x-key=variable,x-other=1' },
      bursts: [{ spans: ['one', 'two'], flush: true }],
    })
    const [spans, metrics] = ['trace', 'metrics'].map(method =>
      endpoint.arrivals.filter(arrival => arrival.method === method),
    )
    expect(spans).toHaveLength(1)
    for (const text of ['one', 'two', 'shop']) expect(spans?.[0]?.body.includes(text)).toBe(true)
    expect(spans?.[0]?.metadata.getMap()).toMatchObject({ 'x-key': 'code', 'x-other': '1' })
    expect(metrics?.at(-1)?.body.includes('spanwright.spans')).toBe(true)
    expect(counts).toMatchObject({ started: 2, exporters: [{ name: 'otlp grpc', exported: 2 }] })
    expect(report).toMatchObject({
      exporters: [`otlp grpc ${endpoint.url}`],
      metrics: [`otlp grpc ${endpoint.url}`],
      problems: [],
    })
    expect(said).toEqual([])
  })

  it('can be selected with OTEL_EXPORTER_OTLP_PROTOCOL', async () => {
    await using endpoint = await startGrpcEndpoint()
    const { counts } = await host.run({
      variables: { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url },
    })
    expect(endpoint.arrivals).toHaveLength(1)
    expect(counts.exporters).toMatchObject([{ name: 'otlp grpc', exported: 1 }])
  })

  it(
    'retries while the endpoint is unavailable, and reports nothing once it succeeds',
    async () => {
      await using endpoint = await startGrpcEndpoint(index =>
        index < 2 ? { code: status.UNAVAILABLE, details: 'not now' } : undefined,
      )
      const { counts, said } = await host.run({
        options: { exporter: { protocol: 'grpc', url: endpoint.url }, flushTimeout: '10s' },
      })
      const [first, second, third] = endpoint.arrivals
      expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(790)
      expect((third?.at ?? 0) - (second?.at ?? 0)).toBeGreaterThan(1190)
      expect(counts).toMatchObject({ exporters: [{ exported: 1, dropped: { failed: 0 } }] })
      expect(said).toEqual([])
    },
    PATIENCE,
  )

  it.each([status.RESOURCE_EXHAUSTED, status.UNAVAILABLE])(
    'retries after code %i when it has a RetryInfo, and not before its delay',
    async code => {
      await using endpoint = await startGrpcEndpoint(index =>
        index === 0 ? { code, details: 'quota', metadata: retryAfter(2) } : undefined,
      )
      const { counts } = await host.run({
        options: { exporter: { protocol: 'grpc', url: endpoint.url }, flushTimeout: '10s' },
      })
      const [first, second] = endpoint.arrivals
      expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(1990)
      expect(counts).toMatchObject({ exporters: [{ exported: 1, dropped: { failed: 0 } }] })
    },
    PATIENCE,
  )

  it('does not retry after RESOURCE_EXHAUSTED without a RetryInfo', async () => {
    await using endpoint = await startGrpcEndpoint(() => ({
      code: status.RESOURCE_EXHAUSTED,
      details: 'no quota',
    }))
    const { counts } = await host.run({
      options: { exporter: { protocol: 'grpc', url: endpoint.url } },
      bursts: [{ spans: ['one', 'two'] }],
    })
    expect(endpoint.arrivals).toHaveLength(1)
    expect(counts).toMatchObject({ exporters: [{ dropped: { failed: 2 } }] })
  })

  it('sends a request that is too large in parts', async () => {
    await using endpoint = await startGrpcEndpoint((_index, request) =>
      request.length > 900
        ? { code: status.RESOURCE_EXHAUSTED, details: 'grpc: received message larger than max (901 vs. 900)' }
        : undefined,
    )
    const spans = Array.from({ length: 16 }, (_item, index) => `span ${index}`)
    const { counts, said } = await host.run({
      options: { exporter: { protocol: 'grpc', url: endpoint.url } },
      bursts: [{ spans, flush: true }],
    })
    expect(counts).toMatchObject({ exporters: [{ exported: 16, dropped: { failed: 0 } }] })
    expect(said).toEqual([])
  })

  it('counts the rejected part of an accepted request', async () => {
    // `partial_success { rejected_spans: 1, error_message: "no" }`.
    const answer = Buffer.from([0x0a, 0x06, 0x08, 0x01, 0x12, 0x02, 0x6e, 0x6f])
    await using endpoint = await startGrpcEndpoint(() => answer)
    const { counts } = await host.run({
      options: { exporter: { protocol: 'grpc', url: endpoint.url } },
      bursts: [{ spans: ['one', 'two', 'three'] }],
    })
    expect(counts).toMatchObject({ exporters: [{ exported: 2, dropped: { rejected: 1 }, lastError: 'no' }] })
  })

  it.each([
    [status.UNAUTHENTICATED, 'who are you', /who are you: http.* \(option url\) wants other credentials/],
    [status.UNIMPLEMENTED, 'what is that', /what is that: nothing takes traces over gRPC at http.*4318$/],
    [status.RESOURCE_EXHAUSTED, 'message too large', /message too large: .*maxBatchBytes/],
  ])('reports how to fix code %i', async (code, details, message) => {
    await using endpoint = await startGrpcEndpoint(() => ({ code, details }))
    const { counts } = await host.run({ options: { exporter: { protocol: 'grpc', url: endpoint.url } } })
    expect(endpoint.arrivals).toHaveLength(1)
    expect(counts.exporters[0]?.lastError).toMatch(message)
  })

  it('reports when the server does not speak gRPC', async () => {
    await using endpoint = await startEndpoint()
    const { counts } = await host.run({ options: { exporter: { protocol: 'grpc', url: endpoint.url } } })
    expect(counts.exporters).toMatchObject([
      {
        dropped: { failed: 1 },
        lastError: expect.stringMatching(
          /Protocol error.*: nothing takes traces over gRPC at http.* usually at port 4318$/,
        ),
      },
    ])
  })

  it('does not retry what cannot succeed', async () => {
    await using endpoint = await startGrpcEndpoint(() => ({
      code: status.INVALID_ARGUMENT,
      details: 'not like that',
    }))
    const { counts, said } = await host.run({
      options: { exporter: { protocol: 'grpc', url: endpoint.url } },
    })
    expect(endpoint.arrivals).toHaveLength(1)
    expect(counts).toMatchObject({
      started: 1,
      exporters: [
        {
          exported: 0,
          waiting: 0,
          dropped: { failed: 1 },
          lastError: expect.stringContaining('not like that'),
        },
      ],
    })
    expect(said).toEqual([expect.stringContaining('1 spans were not exported by otlp grpc')])
  })

  it('gives up in time, and names an endpoint that refuses connections', async () => {
    const url = `http://127.0.0.1:${await freePort()}`
    const { counts, report } = await host.run({
      options: { exporter: { protocol: 'grpc', url, timeout: 1500 }, flushTimeout: '10s' },
      bursts: [{ spans: ['one'], flush: true }],
    })
    expect(counts).toMatchObject({ exporters: [{ dropped: { failed: 1 } }] })
    expect(report.problems).toEqual([expect.stringMatching(/^otlp grpc failed: .*ECONNREFUSED/)])
  })

  it('does not delay shutdown while it waits for a retry', async () => {
    await using endpoint = await startGrpcEndpoint(() => ({ code: status.UNAVAILABLE, details: 'not now' }))
    const { counts } = await host.run({
      options: { exporter: { protocol: 'grpc', url: endpoint.url }, flushTimeout: '300ms' },
    })
    expect(endpoint.arrivals).toHaveLength(1)
    expect(counts).toMatchObject({ exporters: [{ exported: 0, waiting: 0, dropped: { shutDown: 1 } }] })
  })

  it('is refused without its package when an option selects it', async () => {
    for (const options of [{ exporter: { protocol: 'grpc' } }, { metrics: { protocol: 'grpc' } }] as const) {
      const { refused } = await bare.run({ options })
      expect(refused).toMatch(
        /^TypeError: startTracing\(\): protocol 'grpc' needs the package @opentelemetry/,
      )
    }
  })

  it('falls back to HTTP with a warning when only a variable selects it', async () => {
    const { said, counts } = await bare.run({
      variables: {
        OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
        OTEL_EXPORTER_OTLP_TIMEOUT: '300',
      },
    })
    expect(said[0]).toBe(
      `warn: spanwright: startTracing(): protocol 'grpc' needs the package ${PACKAGE}; ` +
        'install it in the app; http/protobuf is used instead',
    )
    expect(counts.exporters).toMatchObject([{ name: 'otlp http/protobuf' }])
  })
})

/** `google.rpc.Status` with a `RetryInfo` of that many seconds, as gRPC encodes it. */
function retryAfter(seconds: number): Metadata {
  const duration = Buffer.from([0x08, seconds])
  const retryInfo = Buffer.concat([Buffer.from([0x0a, duration.length]), duration])
  const type = Buffer.from('type.googleapis.com/google.rpc.RetryInfo')
  const any = Buffer.concat([
    Buffer.from([0x0a, type.length]),
    type,
    Buffer.from([0x12, retryInfo.length]),
    retryInfo,
  ])
  const metadata = new Metadata()
  metadata.set('grpc-status-details-bin', Buffer.concat([Buffer.from([0x08, 8, 0x1a, any.length]), any]))
  return metadata
}
