import { createRequire } from 'node:module'

import type { SpanExporter } from '@opentelemetry/sdk-trace'

import type { OtlpOptions } from './exporters.ts'

const PACKAGE = '@opentelemetry/exporter-trace-otlp-grpc'

interface GrpcModule {
  readonly OTLPTraceExporter: new (config: Readonly<Record<string, unknown>>) => SpanExporter
}

interface MetadataModule {
  readonly Metadata: { fromHttp2Headers(headers: Readonly<Record<string, string>>): unknown }
}

/**
 * Makes the exporter for OTLP over gRPC. It is not among our dependencies: gRPC is large, and few need it.
 * @throws TypeError when its package is not installed
 */
export function makeGrpcExporter({ url, headers, timeout, compression }: OtlpOptions): SpanExporter {
  const fromApp = createRequire(process.argv[1] ?? `${process.cwd()}/`)
  const path = resolve(fromApp)
  const { OTLPTraceExporter } = fromApp(path) as GrpcModule
  const { Metadata } = createRequire(path)('@grpc/grpc-js') as MetadataModule
  return new OTLPTraceExporter({
    ...(url !== undefined && { url }),
    ...(headers && { metadata: Metadata.fromHttp2Headers(headers) }),
    ...(timeout !== undefined && { timeoutMillis: timeout }),
    ...(compression && { compression }),
  })
}

function resolve(fromApp: NodeJS.Require): string {
  for (const place of [fromApp, createRequire(__filename)]) {
    try {
      return place.resolve(PACKAGE)
    } catch {
      // Perhaps the other one knows it.
    }
  }
  throw new TypeError(
    `startTracing(): protocol 'grpc' needs the package ${PACKAGE}; install it beside the app`,
  )
}
