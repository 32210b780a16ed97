import { aPositiveNumber, aRecordOf, oneOf, type OptionRule, type OptionRules } from '@spanwright/core/plugin'

import { isUsableEndpoint } from './endpoint.ts'
import { isUsableHeader } from './headers.ts'

/** How OTLP travels. */
export type OtlpProtocol = 'http/protobuf' | 'http/json' | 'grpc'

/** An OTLP exporter; what is left out comes from `OTEL_EXPORTER_OTLP_*`. */
export interface OtlpOptions {
  /**
   * Default: `OTEL_EXPORTER_OTLP_PROTOCOL`, else 'http/protobuf'. 'grpc' needs `@opentelemetry/exporter-trace-otlp-grpc`,
   * for metrics `@opentelemetry/exporter-metrics-otlp-grpc`.
   */
  readonly protocol?: OtlpProtocol
  /** Where it is sent, whole (`http://collector:4318/v1/traces`). Default: `OTEL_EXPORTER_OTLP_ENDPOINT`, else this machine. */
  readonly url?: string
  /** Sent with every request, besides `OTEL_EXPORTER_OTLP_HEADERS`. */
  readonly headers?: Readonly<Record<string, string>>
  /** Milliseconds that one batch may take, with all its retries. Default: `OTEL_EXPORTER_OTLP_TIMEOUT`, else 10 000. */
  readonly timeout?: number
  /** Default: `OTEL_EXPORTER_OTLP_COMPRESSION`, else 'none'. */
  readonly compression?: 'gzip' | 'none'
}

export const PROTOCOLS: readonly OtlpProtocol[] = ['http/protobuf', 'http/json', 'grpc']

const RULES: OptionRules = {
  protocol: oneOf(...PROTOCOLS),
  url: { expected: 'a URL', accepts: value => typeof value === 'string' },
  headers: {
    expected: 'an object of strings that can be sent as headers',
    accepts: value =>
      typeof value === 'object' &&
      value !== null &&
      Object.entries(value).every(([name, text]) => isUsableHeader(name, text)),
  },
  timeout: aPositiveNumber,
  compression: oneOf('gzip', 'none'),
}

/** Options of an OTLP exporter, and further ones. */
export function anOtlpExporter(further: OptionRules = {}): OptionRule {
  const record = aRecordOf({ ...RULES, ...further })
  return {
    expected: record.expected.replace('url', 'url (that begins with http:// or https://)'),
    accepts: value => {
      if (!record.accepts(value)) return false
      const { url, protocol } = value as OtlpOptions
      return url === undefined || isUsableEndpoint(url, protocol)
    },
  }
}
