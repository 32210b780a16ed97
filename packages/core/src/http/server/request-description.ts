import type { Socket } from 'node:net'

import type { Attributes } from '@opentelemetry/api'

import { type CaptureHeaders, CapturedHeaders } from '../captured-headers.ts'
import { reportFailure } from '../../host/guard.ts'
import type { HttpFramework, Origin, RequestHead, ServerRequest } from './framework.ts'
import { knownMethods, writeMethod } from '../method.ts'
import {
  ATTR_CLIENT_ADDRESS,
  ATTR_NETWORK_PEER_ADDRESS,
  ATTR_NETWORK_PEER_PORT,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
} from '../../semconv/attributes.ts'
import {
  ATTR_HTTP_REQUEST_HEADER_PREFIX,
  ATTR_URL_PATH,
  ATTR_URL_QUERY,
  ATTR_URL_SCHEME,
  ATTR_USER_AGENT_ORIGINAL,
} from '../../semconv/http.ts'
import { redactQuery, sensitiveQueryKeys, splitHost, splitTarget } from '../url.ts'

/** `httpVersion` of a request over HTTP/2. */
export const HTTP_2 = '2.0'

/** What is said of a request when its span starts. */
export class HttpRequestDescription<Request> {
  private readonly framework: HttpFramework<Request>
  private readonly methods: ReadonlySet<string> = knownMethods()
  private readonly sensitiveKeys: ReadonlySet<string>
  private readonly headers: CapturedHeaders

  constructor(
    framework: HttpFramework<Request>,
    sensitiveKeys: readonly string[] | undefined,
    { request, unmasked }: CaptureHeaders,
  ) {
    this.framework = framework
    this.sensitiveKeys = sensitiveQueryKeys(sensitiveKeys)
    this.headers = new CapturedHeaders(ATTR_HTTP_REQUEST_HEADER_PREFIX, request, unmasked)
  }

  /**
   * Writes the start attributes.
   * @param observed whether anybody sees more than the metrics need
   * @returns the first word of the span name
   */
  writeTo(
    attributes: Attributes,
    req: ServerRequest,
    httpVersion: string,
    request: Request,
    observed: boolean,
  ): string {
    const method = writeMethod(attributes, req.method ?? '', this.methods)
    attributes[ATTR_NETWORK_PROTOCOL_VERSION] = httpVersion === HTTP_2 ? '2' : httpVersion
    try {
      const head: RequestHead = { headers: req.headers, socket: req.socket }
      const origin = this.framework.origin(request, head)
      attributes[ATTR_URL_SCHEME] = schemeOf(origin.scheme)
      if (observed) this.writeAll(attributes, this.framework.url(request), origin, head)
    } catch (error) {
      // HTTP/2 refuses to show the socket of a session that is gone.
      reportFailure('describing a request', error)
    }
    return method
  }

  private writeAll(attributes: Attributes, target: string, origin: Origin, head: RequestHead): void {
    const { path, query } = splitTarget(target)
    attributes[ATTR_URL_PATH] = path
    if (query) attributes[ATTR_URL_QUERY] = redactQuery(query, this.sensitiveKeys)
    addAddresses(attributes, origin, head.socket)
    const { headers } = head
    const userAgent = headers['user-agent']
    if (userAgent !== undefined) attributes[ATTR_USER_AGENT_ORIGINAL] = userAgent
    if (!this.headers.isEmpty) this.headers.write(attributes, name => headers[name])
  }
}

/** What a proxy forwarded as scheme can be anything, and stands on the metrics. */
function schemeOf(scheme: string): string {
  return scheme === 'http' || scheme === 'https' ? scheme : /^(?:https|wss)$/i.test(scheme) ? 'https' : 'http'
}

function addAddresses(attributes: Attributes, { clientAddress, host }: Origin, socket: Socket): void {
  if (clientAddress !== undefined) attributes[ATTR_CLIENT_ADDRESS] = clientAddress
  const server = host === undefined ? undefined : splitHost(host)
  if (server) {
    attributes[ATTR_SERVER_ADDRESS] = server.host
    if (server.port !== undefined) attributes[ATTR_SERVER_PORT] = server.port
  }
  const { remoteAddress, remotePort } = socket
  if (remoteAddress === undefined) return
  attributes[ATTR_NETWORK_PEER_ADDRESS] = remoteAddress
  if (remotePort !== undefined) attributes[ATTR_NETWORK_PEER_PORT] = remotePort
}
