import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import type { SpanExporter } from '@opentelemetry/sdk-trace'

import { ConsoleExporter } from './console-exporter.ts'
import type { Environment } from './environment.ts'
import { makeGrpcExporter } from './grpc.ts'

/** How OTLP travels. */
export type OtlpProtocol = 'http/protobuf' | 'http/json' | 'grpc'

/** An OTLP exporter; what is left out comes from `OTEL_EXPORTER_OTLP_*`. */
export interface OtlpOptions {
  /** Default: `OTEL_EXPORTER_OTLP_PROTOCOL`, else 'http/protobuf'. 'grpc' needs `@opentelemetry/exporter-trace-otlp-grpc`. */
  readonly protocol?: OtlpProtocol
  /** Where spans are sent, whole (`http://collector:4318/v1/traces`). Default: `OTEL_EXPORTER_OTLP_ENDPOINT`, else this machine. */
  readonly url?: string
  /** Sent with every request, besides `OTEL_EXPORTER_OTLP_HEADERS`. */
  readonly headers?: Readonly<Record<string, string>>
  /** Milliseconds that one batch may take, with all its retries. Default: `OTEL_EXPORTER_OTLP_TIMEOUT`, else 10 000. */
  readonly timeout?: number
  /** Default: `OTEL_EXPORTER_OTLP_COMPRESSION`, else 'none'. */
  readonly compression?: 'gzip' | 'none'
}

/** Where spans go: OTLP, a tree on the console, nowhere, or an exporter of one's own. */
export type ExporterChoice = 'otlp' | 'console' | 'none' | OtlpOptions | SpanExporter

/** An exporter and what it is called in reports. */
export interface NamedExporter {
  readonly name: string
  readonly exporter: SpanExporter
  /** Where it sends, if over the network. */
  readonly url?: string | undefined
}

export const PROTOCOLS: readonly OtlpProtocol[] = ['http/protobuf', 'http/json', 'grpc']

/** Makes the exporters that were asked for, by option or by `OTEL_TRACES_EXPORTER`. */
export function makeExporters(
  choice: ExporterChoice | readonly ExporterChoice[] | undefined,
  environment: Environment,
): NamedExporter[] {
  const choices =
    choice === undefined
      ? environment.listOf('OTEL_TRACES_EXPORTER', ['otlp', 'console', 'none'], ['otlp'])
      : listOf(choice)
  return choices.flatMap(one => (one === 'none' ? [] : makeExporter(one, environment)))
}

function listOf(choice: ExporterChoice | readonly ExporterChoice[]): readonly ExporterChoice[] {
  return Array.isArray(choice) ? (choice as readonly ExporterChoice[]) : [choice as ExporterChoice]
}

function makeExporter(choice: Exclude<ExporterChoice, 'none'>, environment: Environment): NamedExporter {
  if (choice === 'console') return { name: 'console', exporter: new ConsoleExporter() }
  if (choice !== 'otlp' && isExporter(choice)) {
    return { name: choice.constructor?.name || 'exporter', exporter: choice }
  }
  return makeOtlp(choice === 'otlp' ? {} : choice, environment)
}

/** True for an object that exports spans by itself. */
function isExporter(value: unknown): value is SpanExporter {
  return typeof (value as SpanExporter | undefined)?.export === 'function'
}

function makeOtlp(options: OtlpOptions, environment: Environment): NamedExporter {
  const protocol = options.protocol ?? protocolOf(environment)
  const { url, headers, timeout: timeoutMillis, compression } = options
  if (protocol === 'grpc') return { name: 'otlp grpc', exporter: makeGrpcExporter(options), url }
  const Exporter = protocol === 'http/json' ? JsonExporter : ProtobufExporter
  const config: object = {
    ...(url !== undefined && { url }),
    ...(headers && { headers: { ...headers } }),
    ...(timeoutMillis !== undefined && { timeoutMillis }),
    ...(compression && { compression }),
  }
  const exporter = new Exporter(config)
  return { name: `otlp ${protocol}`, exporter, url: url ?? urlIn(environment) }
}

function protocolOf(environment: Environment): OtlpProtocol {
  const variable =
    environment.firstOf('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL') ??
    'OTEL_EXPORTER_OTLP_PROTOCOL'
  return environment.oneOf(variable, PROTOCOLS, 'http/protobuf')
}

function urlIn(environment: Environment): string {
  const whole = environment.text('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT')
  if (whole !== undefined) return whole
  const base = environment.text('OTEL_EXPORTER_OTLP_ENDPOINT') ?? 'http://localhost:4318'
  return `${base.replace(/\/$/, '')}/v1/traces`
}
