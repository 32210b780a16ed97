import { diag } from '@opentelemetry/api'
import { show } from '@spanwright/core/plugin'

import type { Environment } from '../../start/environment.ts'
import type { OtlpProtocol } from './options.ts'
import type { SignalName } from './target.ts'

/** The target of requests, and the setting that named it. */
export interface Endpoint {
  readonly url: string
  /** The option or variable that named it, for messages. */
  readonly setting: string
}

const SCHEME = /^[a-z][a-z\d+.-]*:\/\//i
/** A host of this machine without a scheme. */
const LOCAL = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?([/?]|$)/i
const GRPC_ADDRESS = /^([^\s/]+:\d+|(https?|unix|dns|ipv4|ipv6):\S+)$/i
const PATH_OF_SIGNAL = /\/v1\/(?:traces|metrics|logs)\/*$/
const DOUBLED_PATH = /(\/v1\/(?:traces|metrics|logs))\1\/*$/

const EXPECTED = 'a URL that begins with http:// or https://'

/** Whether an endpoint can be used, possibly after adding a scheme. */
export function isUsableEndpoint(text: string, protocol: OtlpProtocol | undefined): boolean {
  const url = text.trim()
  if (protocol !== 'http/protobuf' && protocol !== 'http/json' && GRPC_ADDRESS.test(url)) return true
  return protocol !== 'grpc' && httpUrlOf(url) !== undefined
}

/**
 * The endpoint of a signal: from the option, its own variable, the variable for all signals, or this machine.
 * @throws TypeError when the option is not a valid URL for the protocol
 */
export function endpointOf(
  signal: SignalName,
  protocol: OtlpProtocol,
  option: string | undefined,
  environment: Environment,
): Endpoint {
  const own = `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_ENDPOINT`
  const general = 'OTEL_EXPORTER_OTLP_ENDPOINT'
  if (protocol === 'grpc') return grpcEndpoint(option, own, general, environment)
  if (option !== undefined) return optionEndpoint(signal, option)
  const whole = urlIn(own, environment)
  if (whole) return { url: withoutDouble(whole, text => environment.warn(own, text)), setting: own }
  const base = urlIn(general, environment)
  const url = base ?? new URL('http://localhost:4318')
  if (PATH_OF_SIGNAL.test(url.pathname)) {
    url.pathname = url.pathname.replace(PATH_OF_SIGNAL, '')
    environment.warn(general, 'holds the path of a signal, which is added to it; it is left out once')
  }
  url.pathname = `${url.pathname.replace(/(?<!\/)\/+$/, '')}/v1/${signal}`
  return { url: url.href, setting: base ? general : `the default; ${general} says otherwise` }
}

function optionEndpoint(signal: SignalName, option: string): Endpoint {
  const setting = signal === 'traces' ? 'option exporter.url' : 'option metrics.url'
  const url = httpUrlOf(option.trim())
  if (!url) throw new TypeError(`startTracing(): ${setting} must be ${EXPECTED}; got ${show(option)}`)
  const warn = (problem: string): void => diag.warn(`spanwright: ${setting} ${problem}`)
  if (!SCHEME.test(option.trim())) warn(withoutScheme(url))
  return { url: withoutDouble(url, warn), setting }
}

/** Unlike HTTP, gRPC does not need a scheme. */
function grpcEndpoint(
  option: string | undefined,
  own: string,
  general: string,
  environment: Environment,
): Endpoint {
  if (option !== undefined) return { url: option.trim(), setting: 'option url' }
  const variable = environment.firstOf(own, general)
  const url = variable && environment.text(variable)
  if (variable && url && GRPC_ADDRESS.test(url)) return { url, setting: variable }
  if (variable) environment.refuse(variable, 'host:port or a URL', 'the default')
  return { url: 'http://localhost:4317', setting: `the default; ${general} says otherwise` }
}

function urlIn(variable: string, environment: Environment): URL | undefined {
  const text = environment.text(variable)
  if (text === undefined) return undefined
  const url = httpUrlOf(text)
  if (!url) environment.refuse(variable, EXPECTED, 'the default')
  else if (!SCHEME.test(text)) environment.warn(variable, withoutScheme(url))
  return url
}

/** The scheme may be missing only for this machine, where a collector uses plain HTTP. */
function httpUrlOf(text: string): URL | undefined {
  const full = LOCAL.test(text) ? `http://${text}` : text
  if (!SCHEME.test(full) || !URL.canParse(full)) return undefined
  const url = new URL(full)
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined
}

function withoutScheme({ origin }: URL): string {
  return `has no scheme; ${origin} is used`
}

function withoutDouble(url: URL, warn: (problem: string) => void): string {
  if (DOUBLED_PATH.test(url.pathname)) {
    url.pathname = url.pathname.replace(DOUBLED_PATH, '$1')
    warn('holds the path of its signal twice; it is used once')
  }
  return url.href
}
