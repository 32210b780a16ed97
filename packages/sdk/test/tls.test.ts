import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { ServerCredentials } from '@grpc/grpc-js'
import { describe, expect, it } from '@jest/globals'

import { startEndpoint, succeed } from './endpoint.ts'
import { startGrpcEndpoint } from './grpc-endpoint.ts'
import { type Answer, PATIENCE } from './host.ts'
import { useHost } from './use-host.ts'

const host = useHost()

function pathOf(file: string): string {
  return join(__dirname, 'certificates', file)
}

function read(file: string): Buffer {
  return readFileSync(pathOf(file))
}

const SERVER = { cert: read('server.pem'), key: read('server.key') }
/** A server that requires client certificates. */
const STRICT = { ...SERVER, ca: read('ca.pem'), requestCert: true, rejectUnauthorized: true }

const TRUST = { OTEL_EXPORTER_OTLP_CERTIFICATE: pathOf('ca.pem') }
const CLIENT = {
  OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: pathOf('client.pem'),
  OTEL_EXPORTER_OTLP_CLIENT_KEY: pathOf('client.key'),
}

function traceTo(url: string, variables: Readonly<Record<string, string>>): Promise<Answer> {
  return host.run({
    variables: { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_METRICS_EXPORTER: 'otlp', ...variables },
    options: { flushTimeout: '2s' },
  })
}

describe('OTLP over TLS', () => {
  it(
    'trusts the certificate in OTEL_EXPORTER_OTLP_CERTIFICATE, for spans and metrics',
    async () => {
      await using endpoint = await startEndpoint(succeed, 0, SERVER)
      const { counts, said } = await traceTo(endpoint.url, TRUST)
      expect(counts.exporters).toMatchObject([{ exported: 1 }])
      expect(endpoint.arrivals.map(({ path }) => path)).toEqual(['/v1/traces', '/v1/metrics'])
      expect(said).toEqual([])
    },
    PATIENCE,
  )

  it(
    'trusts no other certificate, and reports how to fix it',
    async () => {
      await using endpoint = await startEndpoint(succeed, 0, SERVER)
      const { counts } = await traceTo(endpoint.url, {})
      expect(endpoint.arrivals).toEqual([])
      expect(counts.exporters).toMatchObject([
        {
          dropped: { failed: 1 },
          lastError: expect.stringMatching(/is not trusted: OTEL_EXPORTER_OTLP_CERTIFICATE names the file/),
        },
      ])
    },
    PATIENCE,
  )

  it(
    'sends the client certificate that variables name',
    async () => {
      await using endpoint = await startEndpoint(succeed, 0, STRICT)
      const { counts } = await traceTo(endpoint.url, { ...TRUST, ...CLIENT })
      expect(counts.exporters).toMatchObject([{ exported: 1 }])
      const { counts: without } = await traceTo(endpoint.url, TRUST)
      expect(without.exporters).toMatchObject([{ exported: 0 }])
    },
    PATIENCE,
  )

  it(
    'prefers the variables of a signal to the general ones',
    async () => {
      await using endpoint = await startEndpoint(succeed, 0, STRICT)
      const { counts, said } = await traceTo(endpoint.url, {
        OTEL_METRICS_EXPORTER: 'none',
        OTEL_EXPORTER_OTLP_CERTIFICATE: '/nowhere/ca.pem',
        OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE: pathOf('ca.pem'),
        OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE: pathOf('client.pem'),
        OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY: pathOf('client.key'),
      })
      expect(counts.exporters).toMatchObject([{ exported: 1 }])
      expect(said).toEqual([])
    },
    PATIENCE,
  )

  it(
    'names a variable whose file cannot be read',
    async () => {
      await using endpoint = await startEndpoint()
      const { counts, said } = await traceTo(endpoint.url, {
        OTEL_METRICS_EXPORTER: 'none',
        OTEL_EXPORTER_OTLP_CLIENT_KEY: '/nowhere/client.key',
      })
      expect(said).toEqual([
        expect.stringMatching(
          /^warn: spanwright: OTEL_EXPORTER_OTLP_CLIENT_KEY cannot be read and is not used: ENOENT/,
        ),
      ])
      expect(counts.exporters).toMatchObject([{ exported: 1 }])
    },
    PATIENCE,
  )

  it(
    'is suggested when plain HTTP gets no response',
    async () => {
      await using endpoint = await startEndpoint(succeed, 0, SERVER)
      const { counts } = await host.run({
        options: {
          exporter: { url: endpoint.url.replace('https', 'http'), timeout: 300 },
          flushTimeout: '2s',
        },
      })
      expect(counts.exporters).toMatchObject([
        {
          exported: 0,
          dropped: { failed: 1 },
          lastError: expect.stringMatching(/perhaps it wants TLS: begin the URL with https:\/\/$/),
        },
      ])
    },
    PATIENCE,
  )

  it.each(['https://localhost', 'localhost'])(
    'works over gRPC at %s',
    async place => {
      const credentials = ServerCredentials.createSsl(
        read('ca.pem'),
        [{ cert_chain: SERVER.cert, private_key: SERVER.key }],
        true,
      )
      await using endpoint = await startGrpcEndpoint(() => undefined, 0, credentials)
      const port = new URL(endpoint.url).port
      const { counts } = await traceTo(`${place}:${port}`, {
        ...TRUST,
        ...CLIENT,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      })
      expect(counts.exporters).toMatchObject([{ exported: 1 }])
      expect(endpoint.arrivals.map(({ method }) => method)).toEqual(['trace', 'metrics'])
    },
    PATIENCE,
  )

  it(
    'is not used over gRPC with OTEL_EXPORTER_OTLP_INSECURE',
    async () => {
      await using endpoint = await startGrpcEndpoint()
      const { counts } = await traceTo(`127.0.0.1:${new URL(endpoint.url).port}`, {
        OTEL_METRICS_EXPORTER: 'none',
        OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
        OTEL_EXPORTER_OTLP_INSECURE: 'true',
      })
      expect(counts.exporters).toMatchObject([{ exported: 1 }])
    },
    PATIENCE,
  )
})
