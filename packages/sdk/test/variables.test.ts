import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { type Endpoint, startEndpoint } from './endpoint.ts'
import { type Answer } from './host.ts'
import { useHost } from './use-host.ts'

const host = useHost()
let endpoint: Endpoint

beforeEach(async () => {
  endpoint = await startEndpoint()
})

afterEach(async () => {
  await endpoint[Symbol.asyncDispose]()
})

function traceWith(variables: Readonly<Record<string, string>>): Promise<Answer> {
  return host.run({
    variables: {
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      ...variables,
    },
  })
}

describe('variables', () => {
  it('that select a value are case-insensitive', async () => {
    const { said, report } = await traceWith({
      OTEL_TRACES_EXPORTER: 'OTLP',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'HTTP/JSON',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'GZip',
      OTEL_TRACES_SAMPLER: 'Always_On',
      OTEL_METRICS_EXPORTER: 'None',
      OTEL_PROPAGATORS: 'B3',
    })
    expect(said).toEqual([])
    expect(report).toMatchObject({ sampler: 'alwaysOn', metrics: [], propagates: ['b3'] })
    expect(endpoint.arrivals).toMatchObject([
      { headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } },
    ])
    expect(endpoint.accepted()).toEqual(['one'])
  })

  it('without support cause one warning each', async () => {
    const { said, counts } = await traceWith({
      OTEL_CONFIG_FILE: '/etc/otel.yaml',
      OTEL_METRICS_EXEMPLAR_FILTER: 'always_on',
    })
    expect(said).toEqual([
      'warn: spanwright: OTEL_CONFIG_FILE is not supported and has no effect',
      'warn: spanwright: OTEL_METRICS_EXEMPLAR_FILTER is not supported and has no effect',
    ])
    expect(counts.exporters).toMatchObject([{ exported: 1 }])
  })

  it('select detectors of the resource', async () => {
    const { said } = await traceWith({ OTEL_NODE_RESOURCE_DETECTORS: 'env,HOST,os' })
    expect(said).toEqual([])
    const resource = endpoint.resource()
    expect(Object.keys(resource)).toEqual(expect.arrayContaining(['host.name', 'os.type']))
    expect(resource).not.toHaveProperty('process.pid')
  })

  it('that limit a time set no limit with 0', async () => {
    await using slow = await startEndpoint((response, _request, index) => {
      setTimeout(
        () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'),
        50 * index + 50,
      )
    })
    const { said, counts } = await traceWith({
      OTEL_EXPORTER_OTLP_ENDPOINT: slow.url,
      OTEL_EXPORTER_OTLP_TIMEOUT: '0',
      OTEL_BSP_EXPORT_TIMEOUT: '0',
      OTEL_METRIC_EXPORT_TIMEOUT: '0',
      OTEL_METRICS_EXPORTER: 'otlp',
    })
    expect(said).toEqual([])
    expect(counts.exporters).toMatchObject([{ exported: 1 }])
    expect(slow.arrivals.map(({ path }) => path)).toEqual(['/v1/traces', '/v1/metrics'])
  })
})

describe('headers in variables', () => {
  it('that cannot be sent are omitted, and never shown', async () => {
    const { said, counts } = await traceWith({
      OTEL_EXPORTER_OTLP_HEADERS: 'x-good=a%20b,my secret=1,x-bad=%0A,lonely-secret,X-Last=2',
    })
    expect(said).toEqual([
      'warn: spanwright: OTEL_EXPORTER_OTLP_HEADERS must be name=value,… with percent-encoding; ' +
        'member 2, 3, 4 of it cannot be sent as a header and is left out',
    ])
    expect(endpoint.arrivals[0]?.headers).toMatchObject({ 'x-good': 'a b', 'x-last': '2' })
    expect(counts.exporters).toMatchObject([{ exported: 1 }])
  })

  it('that cannot be sent are refused in options', async () => {
    for (const headers of [{ 'my key': '1' }, { 'x-key': 'a\nb' }]) {
      const { refused } = await host.run({ options: { exporter: { headers } } })
      expect(refused).toMatch(/^TypeError: startTracing\(\): option exporter must be/)
    }
  })
})

describe('the endpoint', () => {
  const host4318 = (url: string): string => url.replace('http://', '')

  it.each<[what: string, given: (url: string) => string, warnings: readonly RegExp[]]>([
    ['with blanks around it', url => ` ${url} `, []],
    ['with a slash at its end', url => `${url}/`, []],
    [
      'without a scheme, on this machine',
      host4318,
      [/OTEL_EXPORTER_OTLP_ENDPOINT has no scheme; http:\/\/127.* is used$/],
    ],
    [
      'with the path of traces',
      url => `${url}/v1/traces`,
      [/OTEL_EXPORTER_OTLP_ENDPOINT holds the path of a signal/],
    ],
  ])('%s is accepted', async (_what, given, warnings) => {
    const { said, counts, report } = await traceWith({
      OTEL_EXPORTER_OTLP_ENDPOINT: given(endpoint.url),
      OTEL_METRICS_EXPORTER: 'otlp',
    })
    expect(said).toEqual(warnings.map(warning => expect.stringMatching(warning)))
    expect(endpoint.arrivals.map(({ path }) => path)).toEqual(['/v1/traces', '/v1/metrics'])
    expect(counts.exporters).toMatchObject([{ exported: 1 }])
    expect(report.exporters).toEqual([`otlp http/json ${endpoint.url}/v1/traces`])
  })

  it('keeps its query after the path', async () => {
    await traceWith({ OTEL_EXPORTER_OTLP_ENDPOINT: `${endpoint.url}/base?tenant=a` })
    expect(endpoint.arrivals[0]?.path).toBe('/base/v1/traces?tenant=a')
  })

  it.each(['ftp://127.0.0.1', 'collector:4318', 'nowhere'])(
    '%s is not used, which is reported',
    async given => {
      const { said } = await traceWith({
        OTEL_EXPORTER_OTLP_ENDPOINT: given,
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${endpoint.url}/mine`,
        OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: given,
        OTEL_METRICS_EXPORTER: 'otlp',
      })
      expect(endpoint.arrivals).toMatchObject([{ path: '/mine' }])
      expect(said.slice(0, 2)).toEqual(
        ['METRICS_', ''].map(signal =>
          expect.stringContaining(
            `OTEL_EXPORTER_OTLP_${signal}ENDPOINT must be a URL that begins with http:// or https://; got '${given}'`,
          ),
        ),
      )
    },
  )

  it('in options is accepted or refused in the same way', async () => {
    const { said, counts } = await host.run({
      options: { exporter: { url: `${host4318(endpoint.url)}/v1/traces/v1/traces` } },
    })
    expect(said).toEqual([
      `warn: spanwright: option exporter.url has no scheme; ${endpoint.url} is used`,
      'warn: spanwright: option exporter.url holds the path of its signal twice; it is used once',
    ])
    expect(counts.exporters).toMatchObject([{ exported: 1 }])
    expect(endpoint.arrivals).toMatchObject([{ path: '/v1/traces' }])
    for (const url of ['ftp://127.0.0.1', 'nowhere']) {
      const { refused } = await host.run({ options: { exporter: { url } } })
      expect(refused).toMatch(/^TypeError: startTracing\(\): option exporter must be .*http:\/\//)
    }
  })
})
