import { aPositiveNumber, aRecordOf, oneOf, type OptionRule, type OptionRules } from '@spanwright/core/plugin'

import { isUsableEndpoint } from './endpoint.ts'
import { isUsableHeader } from './headers.ts'

/** Transport and encoding of OTLP. */
export type OtlpProtocol = 'http/protobuf' | 'http/json' | 'grpc'

/** Options of an OTLP exporter; missing ones are read from `OTEL_EXPORTER_OTLP_*`. */
export interface OtlpOptions {
  /**
   * Transport and encoding. Default: `OTEL_EXPORTER_OTLP_PROTOCOL`, otherwise 'http/protobuf'. 'grpc' needs
   * `@opentelemetry/exporter-trace-otlp-grpc`, for metrics `@opentelemetry/exporter-metrics-otlp-grpc`.
   */
  readonly protocol?: OtlpProtocol
  /**
   * Full URL of the endpoint (`http://collector:4318/v1/traces`). Default: `OTEL_EXPORTER_OTLP_ENDPOINT`, otherwise
   * this machine.
   */
  readonly url?: string
  /** Headers sent with every request, in addition to `OTEL_EXPORTER_OTLP_HEADERS`. Default: none. */
  readonly headers?: Readonly<Record<string, string>>
  /**
   * Timeout of one batch including all retries, in milliseconds. Default: `OTEL_EXPORTER_OTLP_TIMEOUT`, otherwise
   * 10,000.
   */
  readonly timeout?: number
  /** Compression of requests. Default: `OTEL_EXPORTER_OTLP_COMPRESSION`, otherwise 'none'. */
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

/** Rule for the options of an OTLP exporter, plus further ones. */
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
