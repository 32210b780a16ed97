import { readFileSync } from 'node:fs'

import type { Environment } from '../../start/environment.ts'
import { type Endpoint, endpointOf } from './endpoint.ts'
import { headersIn } from './headers.ts'
import { type OtlpOptions, type OtlpProtocol, PROTOCOLS } from './options.ts'

/** A signal sent over OTLP. */
export type SignalName = 'traces' | 'metrics'

/** Certificates and keys in PEM. */
interface Tls {
  /** Trusted certificates. Default: those that Node trusts. */
  readonly ca: Buffer | undefined
  readonly cert: Buffer | undefined
  readonly key: Buffer | undefined
}

/** Endpoint and settings of one signal. */
export interface OtlpTarget extends Endpoint {
  readonly signal: SignalName
  readonly protocol: OtlpProtocol
  readonly headers: Readonly<Record<string, string>>
  /** Timeout of one batch including all attempts, in milliseconds; Infinity for no limit. */
  readonly timeout: number
  readonly compression: 'gzip' | 'none'
  readonly tls: Tls
  /** Whether gRPC uses no TLS for an address without a scheme. */
  readonly isInsecure: boolean
}

const DEFAULT_TIMEOUT = 10_000

/**
 * Reads the endpoint and settings of a signal: from options, the variables of the signal, or those for all signals.
 * @throws TypeError when the option `url` is not valid for the protocol
 */
export function targetOf(
  signal: SignalName,
  options: OtlpOptions,
  environment: Environment,
  protocol: OtlpProtocol = protocolIn(environment, signal, options),
): OtlpTarget {
  const named = (suffix: string): string => variableFor(environment, signal, suffix)
  const file = (suffix: string): Buffer | undefined => fileIn(environment, named(suffix))
  return {
    signal,
    protocol,
    ...endpointOf(signal, protocol, options.url, environment),
    headers: { ...headersIn(environment, signal), ...lowerCased(options.headers) },
    timeout: options.timeout ?? environment.timeLimit(named('TIMEOUT'), DEFAULT_TIMEOUT),
    compression: options.compression ?? environment.oneOf(named('COMPRESSION'), ['gzip', 'none'], 'none'),
    tls: { ca: file('CERTIFICATE'), cert: file('CLIENT_CERTIFICATE'), key: file('CLIENT_KEY') },
    isInsecure: environment.isTrue(named('INSECURE')),
  }
}

function protocolIn(environment: Environment, signal: SignalName, { protocol }: OtlpOptions): OtlpProtocol {
  return (
    protocol ?? environment.oneOf(variableFor(environment, signal, 'PROTOCOL'), PROTOCOLS, 'http/protobuf')
  )
}

/** A header must not occur twice. */
function lowerCased(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

/** The variable of the signal if it is set, otherwise the one for all signals. */
function variableFor(environment: Environment, signal: SignalName, suffix: string): string {
  const general = `OTEL_EXPORTER_OTLP_${suffix}`
  return environment.firstOf(`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_${suffix}`, general) ?? general
}

function fileIn(environment: Environment, name: string): Buffer | undefined {
  const path = environment.text(name)
  if (path === undefined) return undefined
  try {
    return readFileSync(path)
  } catch (error) {
    environment.warn(name, `cannot be read and is not used: ${(error as Error).message}`)
    return undefined
  }
}
