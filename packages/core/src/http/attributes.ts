import type { Attributes } from '@opentelemetry/api'

import { aListOfStrings, aRecordOf, type OptionRule } from '../host/options.ts'
import {
  ATTR_NETWORK_PEER_ADDRESS,
  ATTR_NETWORK_PEER_PORT,
  ATTR_NETWORK_PROTOCOL_VERSION,
} from '../semconv/attributes.ts'
import {
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_REQUEST_METHOD_ORIGINAL,
  KNOWN_METHODS,
  METHOD_OTHER,
} from '../semconv/http.ts'

// Attributes that a server and a client write in the same way.

/**
 * The methods recorded by their own name. `OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS`, a comma-separated list, replaces
 * the default.
 */
export function knownMethods(): ReadonlySet<string> {
  const replacement = process.env['OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS']
  if (replacement === undefined || replacement.trim() === '') return new Set(KNOWN_METHODS)
  return new Set(replacement.split(',').map(method => method.trim()))
}

/**
 * Writes the method as the conventions require: an unknown one is `_OTHER`, with the original in its own attribute.
 * @returns the first word of the span name: the method, or `HTTP`
 */
export function writeMethod(attributes: Attributes, sent: string, known: ReadonlySet<string>): string {
  if (known.has(sent)) {
    attributes[ATTR_HTTP_REQUEST_METHOD] = sent
    return sent
  }
  attributes[ATTR_HTTP_REQUEST_METHOD] = METHOD_OTHER
  attributes[ATTR_HTTP_REQUEST_METHOD_ORIGINAL] = sent
  return 'HTTP'
}

/** The other end of the connection a request went over. */
export interface Peer {
  readonly address: string | undefined
  readonly port: number | undefined
  /** Version of HTTP, such as `1.1` or `2`. */
  readonly version: string | undefined
}

/** Writes the attributes of a peer. */
export function writePeer(attributes: Attributes, { address, port, version }: Peer): void {
  if (version !== undefined) attributes[ATTR_NETWORK_PROTOCOL_VERSION] = version
  if (address === undefined) return
  attributes[ATTR_NETWORK_PEER_ADDRESS] = address
  if (port !== undefined) attributes[ATTR_NETWORK_PEER_PORT] = port
}

/** Which headers are recorded as attributes. Names are case-insensitive. */
export interface CaptureHeaders {
  /** Request headers. Default: none. */
  readonly request?: readonly string[] | undefined
  /** Response headers. Default: none. */
  readonly response?: readonly string[] | undefined
  /** Headers whose values are recorded although they usually hold secrets. Default: none. */
  readonly unmasked?: readonly string[] | undefined
}

export const captureHeadersRule: OptionRule = aRecordOf({
  request: aListOfStrings,
  response: aListOfStrings,
  unmasked: aListOfStrings,
})

const SECRET = new Set(['authorization', 'cookie', 'set-cookie', 'proxy-authorization', 'x-api-key'])
const MASK = 'REDACTED'

export type HeaderValue = string | number | readonly string[] | undefined

interface CapturedHeader {
  readonly name: string
  readonly key: string
  readonly masked: boolean
}

/** The headers of one direction to record: resolved once, written for every message. */
export class CapturedHeaders {
  private readonly headers: readonly CapturedHeader[]

  /** @param prefix of the attribute names, including the trailing dot */
  constructor(prefix: string, names: readonly string[] = [], unmasked: readonly string[] = []) {
    const shown = new Set(unmasked.map(name => name.toLowerCase()))
    this.headers = [...new Set(names.map(name => name.toLowerCase()))].map(name => ({
      name,
      key: prefix + name,
      masked: SECRET.has(name) && !shown.has(name),
    }))
  }

  get isEmpty(): boolean {
    return this.headers.length === 0
  }

  /** Writes the headers that are present, each as an array of strings. */
  write(attributes: Attributes, valueOf: (name: string) => HeaderValue): void {
    for (const { name, key, masked } of this.headers) {
      const value = valueOf(name)
      if (value === undefined) continue
      const values = typeof value === 'object' ? value.map(String) : [String(value)]
      attributes[key] = masked ? values.map(() => MASK) : values
    }
  }
}
