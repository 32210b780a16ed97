import { createRequire } from 'node:module'

import { loadOptional } from '../start/optional-package.ts'
import type { OtlpOptions, Signal } from './otlp.ts'

interface MetadataModule {
  readonly Metadata: { fromHttp2Headers(headers: Readonly<Record<string, string>>): unknown }
}

/**
 * Makes an exporter for OTLP over gRPC. It is not among our dependencies: gRPC is large, and few need it.
 * @throws TypeError when its package is not installed
 */
export function makeGrpcExporter<Exporter>(
  { grpc }: Signal<Exporter>,
  { url, headers, timeout, compression }: OtlpOptions,
): Exporter {
  const { exports, path } = loadOptional(grpc.package, "protocol 'grpc'")
  const OtlpExporter = (exports as Readonly<Record<string, Signal<Exporter>['http/json']>>)[grpc.exported]
  if (!OtlpExporter) throw new TypeError(`startTracing(): ${grpc.package} has no ${grpc.exported}`)
  const { Metadata } = createRequire(path)('@grpc/grpc-js') as MetadataModule
  return new OtlpExporter({
    ...(url !== undefined && { url }),
    ...(headers && { metadata: Metadata.fromHttp2Headers(headers) }),
    ...(timeout !== undefined && { timeoutMillis: timeout }),
    ...(compression && { compression }),
  })
}
