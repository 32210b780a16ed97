import { redactUrl } from '@spanwright/core/plugin'

import type { OtlpTarget } from './target.ts'

/** How `@grpc/grpc-js` reports a peer that does not support HTTP/2. */
export const OTHER_PROTOCOL: RegExp = /Protocol error/

const PERMISSION_DENIED = 7
const UNIMPLEMENTED = 12
const UNAUTHENTICATED = 16

const WANTS_TLS = 'wants TLS: begin the URL with https://'

type Place = Pick<OtlpTarget, 'url' | 'setting' | 'signal'>

/**
 * How to fix the cause of a status, with the address and the setting that named it; undefined for self-explanatory
 * ones.
 */
export function adviceOn(status: number, body: string, target: Place): string | undefined {
  const place = placeOf(target)
  // As worded by Go's server and by nginx.
  if (status === 400 && /HTTPS (server|port)/.test(body)) return `${place} ${WANTS_TLS}`
  if (status === 401 || status === 403) {
    return `${place} wants other credentials: look at OTEL_EXPORTER_OTLP_HEADERS or the option headers`
  }
  if (status === 404 || status === 405) {
    return `nothing takes ${target.signal} at ${place}: an OTLP endpoint has the path /v1/${target.signal}`
  }
  if (status === 413) {
    const smaller =
      target.signal === 'traces'
        ? 'make batch.maxBatchBytes or batch.maxBatchSize smaller'
        : 'keep fewer attributes or instruments by views'
    return `${place} refuses a request of this size: ${smaller}, or raise the limit there`
  }
  return undefined
}

/** The same for gRPC codes. */
export function adviceOnCode(code: number, message: string, target: Place): string | undefined {
  if (code === PERMISSION_DENIED || code === UNAUTHENTICATED) return adviceOn(401, '', target)
  if (code !== UNIMPLEMENTED && !OTHER_PROTOCOL.test(message)) return undefined
  return `nothing takes ${target.signal} over gRPC at ${placeOf(target)}: OTLP over HTTP is another protocol, and usually at port 4318`
}

/** How to fix a connection failure that a different scheme or port would avoid. */
export function adviceOnError(
  { code = '' }: { readonly code?: string | undefined },
  target: Place,
): string | undefined {
  const place = placeOf(target)
  if (code === 'EPROTO' || /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG/.test(code)) {
    return `${place} does not speak TLS: begin the URL with http://`
  }
  if (code.startsWith('HPE_') && target.url.startsWith('http://')) {
    return `${place} does not speak plain HTTP/1.1: a TLS endpoint wants https://, a gRPC endpoint protocol 'grpc' (HTTP is usually at port 4318)`
  }
  if (code === 'ECONNRESET' && target.url.startsWith('http://')) {
    return `${place} closed the connection without an answer; perhaps it ${WANTS_TLS}`
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO/.test(code)) {
    return `the certificate of ${place} is not trusted: OTEL_EXPORTER_OTLP_CERTIFICATE names the file with the one to trust`
  }
  return undefined
}

/** The address without its secrets, and the setting that named it. */
export function placeOf({ url, setting }: Pick<Place, 'url' | 'setting'>): string {
  return `${shownUrl(url)} (${setting})`
}

/** The address of an endpoint without its credentials and query, which may contain secrets. */
export function shownUrl(url: string): string {
  const end = url.search(/[?#]/)
  return redactUrl(end < 0 ? url : `${url.slice(0, end)}?…`, NO_KEYS)
}

const NO_KEYS: ReadonlySet<string> = new Set()
