import type { Attributes } from '@opentelemetry/api'

import { type CaptureHeaders, CapturedHeaders } from './captured-headers.ts'
import { reportFailure } from './guard.ts'
import type { HttpFramework, ServerRequest } from './http-framework.ts'
import { knownMethods, writeMethod } from './http-method.ts'
import {
  ATTR_CLIENT_ADDRESS,
  ATTR_NETWORK_PEER_ADDRESS,
  ATTR_NETWORK_PEER_PORT,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
} from './semconv/attributes.ts'
import {
  ATTR_HTTP_REQUEST_HEADER_PREFIX,
  ATTR_URL_PATH,
  ATTR_URL_QUERY,
  ATTR_URL_SCHEME,
  ATTR_USER_AGENT_ORIGINAL,
} from './semconv/http.ts'
import { redactQuery, sensitiveQueryKeys, splitHost, splitTarget } from './url.ts'

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
  writeTo(attributes: Attributes, req: ServerRequest, request: Request, observed: boolean): string {
    const method = writeMethod(attributes, req.method ?? '', this.methods)
    attributes[ATTR_NETWORK_PROTOCOL_VERSION] = protocolVersion(req)
    try {
      attributes[ATTR_URL_SCHEME] = this.framework.scheme(request)
      if (observed) this.writeAll(attributes, req, request)
    } catch (error) {
      // HTTP/2 refuses to show the socket of a session that is gone.
      reportFailure('describing a request', error)
    }
    return method
  }

  private writeAll(attributes: Attributes, req: ServerRequest, request: Request): void {
    const { path, query } = splitTarget(this.framework.url(request))
    attributes[ATTR_URL_PATH] = path
    if (query) attributes[ATTR_URL_QUERY] = redactQuery(query, this.sensitiveKeys)
    this.addAddresses(attributes, req, request)
    const userAgent = req.headers['user-agent']
    if (userAgent !== undefined) attributes[ATTR_USER_AGENT_ORIGINAL] = userAgent
    if (!this.headers.isEmpty) this.headers.write(attributes, name => req.headers[name])
  }

  private addAddresses(attributes: Attributes, req: ServerRequest, request: Request): void {
    const client = this.framework.clientAddress(request)
    if (client !== undefined) attributes[ATTR_CLIENT_ADDRESS] = client
    const authority = this.framework.host(request)
    const server = authority === undefined ? undefined : splitHost(authority)
    if (server) {
      attributes[ATTR_SERVER_ADDRESS] = server.host
      if (server.port !== undefined) attributes[ATTR_SERVER_PORT] = server.port
    }
    const { remoteAddress, remotePort } = req.socket
    if (remoteAddress === undefined) return
    attributes[ATTR_NETWORK_PEER_ADDRESS] = remoteAddress
    if (remotePort !== undefined) attributes[ATTR_NETWORK_PEER_PORT] = remotePort
  }
}

function protocolVersion({ httpVersion }: ServerRequest): string {
  return httpVersion === '2.0' ? '2' : httpVersion
}
