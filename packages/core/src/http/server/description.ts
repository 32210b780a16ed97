import { isIP, type Socket } from 'node:net'

import type { Attributes } from '@opentelemetry/api'

import { CapturedHeaders, type CaptureHeaders, knownMethods, writeMethod } from '../attributes.ts'
import { callHook, guardMethods } from '../../host/guard.ts'
import type { HttpFramework, Origin, RequestHead, ServerRequest, StreamPrototypes } from './framework.ts'
import { valueGivenIn } from './response/exposed-trace.ts'
import type { Description } from './owner.ts'
import type { ResponseProgress } from './response/progress.ts'
import {
  ATTR_CLIENT_ADDRESS,
  ATTR_CLIENT_PORT,
  ATTR_NETWORK_PEER_ADDRESS,
  ATTR_NETWORK_PEER_PORT,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
} from '../../semconv/attributes.ts'
import {
  ATTR_HTTP_REQUEST_HEADER_PREFIX,
  ATTR_HTTP_RESPONSE_HEADER_PREFIX,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_URL_PATH,
  ATTR_URL_QUERY,
  ATTR_URL_SCHEME,
  ATTR_USER_AGENT_ORIGINAL,
} from '../../semconv/http.ts'
import { type HostAndPort, redactQuery, sensitiveQueryKeys, splitHost, splitTarget } from '../url.ts'

/** `httpVersion` of a request over HTTP/2. */
export const HTTP_2 = '2.0'

/** Builds the attributes of a request and its response. */
export class HttpDescription<Request, Routes> {
  private readonly framework: HttpFramework<Request, Routes>
  private readonly methods: ReadonlySet<string> = knownMethods()
  private readonly sensitiveKeys: ReadonlySet<string>
  private readonly requestHeaders: CapturedHeaders
  private readonly responseHeaders: CapturedHeaders
  private readonly givenRoute: ((request: Request) => unknown) | undefined

  constructor(
    framework: HttpFramework<Request, Routes>,
    sensitiveKeys: readonly string[] | undefined,
    { request, response, unmasked }: CaptureHeaders,
    givenRoute?: (request: Request) => unknown,
  ) {
    this.givenRoute = givenRoute
    this.framework = framework
    this.sensitiveKeys = sensitiveQueryKeys(sensitiveKeys)
    this.requestHeaders = new CapturedHeaders(ATTR_HTTP_REQUEST_HEADER_PREFIX, request, unmasked)
    this.responseHeaders = new CapturedHeaders(ATTR_HTTP_RESPONSE_HEADER_PREFIX, response, unmasked)
  }

  /**
   * Writes the attributes of the start.
   * @param observed whether more than the metrics is recorded
   * @returns the first word of the span name
   */
  writeRequest(
    attributes: Attributes,
    req: ServerRequest,
    httpVersion: string,
    request: Request,
    observed: boolean,
  ): string {
    const method = writeMethod(attributes, req.method ?? '', this.methods)
    attributes[ATTR_NETWORK_PROTOCOL_VERSION] = httpVersion === HTTP_2 ? '2' : httpVersion
    this.writeOrigin(attributes, req, request, observed)
    return method
  }

  /** Request target as sent. */
  urlOf(request: Request): string {
    return this.framework.url(request)
  }

  /** The prototypes of the app's requests and responses; undefined unless the app has its own. */
  prototypesOf(request: Request): StreamPrototypes | undefined {
    return this.framework.prototypes?.(request)
  }

  /** Pattern of the route that matched last. */
  routeOf(request: Request, routes: Routes | undefined): string | undefined {
    return this.framework.route(request, routes) ?? (this.givenRoute && this.readGivenRoute(request))
  }

  private readGivenRoute(request: Request): string | undefined {
    const route: unknown = this.givenRoute && callHook('route', this.givenRoute, request)
    return typeof route === 'string' && route !== '' ? route : undefined
  }

  /** Writes the status code and the captured headers of a response. */
  writeResponse(attributes: Attributes, { statusCode, res, head }: ResponseProgress): void {
    if (statusCode !== undefined) attributes[ATTR_HTTP_RESPONSE_STATUS_CODE] = statusCode
    if (this.responseHeaders.isEmpty) return
    // Node does not store headers that were passed to `writeHead` only.
    this.responseHeaders.write(attributes, name => res.getHeader(name) ?? valueGivenIn(head, name))
  }

  /** Reading the socket of a closed HTTP/2 session throws. */
  private writeOrigin(attributes: Attributes, req: ServerRequest, request: Request, observed: boolean): void {
    const head: RequestHead = { headers: req.headers, socket: req.socket }
    const origin = this.framework.origin(request, head)
    attributes[ATTR_URL_SCHEME] = schemeOf(origin.scheme, head.socket)
    if (observed) this.writeAll(attributes, this.framework.url(request), origin, head)
  }

  private writeAll(attributes: Attributes, target: string, origin: Origin, head: RequestHead): void {
    const { path, query } = splitTarget(target)
    attributes[ATTR_URL_PATH] = path
    if (query) attributes[ATTR_URL_QUERY] = redactQuery(query, this.sensitiveKeys)
    addAddresses(attributes, origin, head.socket)
    const { headers } = head
    const userAgent = headers['user-agent']
    if (userAgent !== undefined) attributes[ATTR_USER_AGENT_ORIGINAL] = userAgent
    if (!this.requestHeaders.isEmpty) this.requestHeaders.write(attributes, name => headers[name])
  }
}

guardMethods('describing a request', HttpDescription, 'writeOrigin', 'prototypesOf')
guardMethods('reading the route', HttpDescription, 'routeOf')
guardMethods('describing a response', HttpDescription, 'writeResponse')

/** The facts of one request beyond its start attributes. */
export class RequestFacts<Request, Routes> {
  /** Data the plugin needs to find the route. */
  routes: Routes | undefined
  readonly request: Request
  /** First word of the span name. */
  readonly method: string
  private readonly description: HttpDescription<Request, Routes>
  readonly progress: ResponseProgress
  private known: string | undefined
  private isRouteFinal = false

  constructor(
    description: HttpDescription<Request, Routes>,
    request: Request,
    method: string,
    progress: ResponseProgress,
  ) {
    this.description = description
    this.request = request
    this.method = method
    this.progress = progress
  }

  /** Request target as sent. */
  get url(): string {
    return this.description.urlOf(this.request)
  }

  get route(): string | undefined {
    return this.known ?? this.description.routeOf(this.request, this.routes)
  }

  /** Sets the route, overriding the one found by the framework. */
  setRoute(route: string): void {
    this.known = route
    this.isRouteFinal = true
  }

  /** Reads the route; the one at the start of the response is reported. */
  readRoute(): void {
    if (this.isRouteFinal) return
    this.known = this.description.routeOf(this.request, this.routes)
    this.isRouteFinal = this.known !== undefined || this.progress.res.headersSent
  }

  /** What is known while the request is open. */
  soFar(statusCode?: number): Description {
    this.readRoute()
    return this.named(statusCode === undefined ? {} : { [ATTR_HTTP_RESPONSE_STATUS_CODE]: statusCode })
  }

  /** What is known once the response has ended; undefined when it cannot be read. */
  atEnd(): Description | undefined {
    this.readRoute()
    const attributes: Attributes = {}
    this.description.writeResponse(attributes, this.progress)
    return this.named(attributes)
  }

  private named(attributes: Attributes): Description {
    const { known, method } = this
    if (known === undefined) return { name: undefined, attributes }
    attributes[ATTR_HTTP_ROUTE] = known
    return { name: `${method} ${known}`, attributes }
  }
}

guardMethods('reading a response', RequestFacts, 'atEnd')

/**
 * A forwarded scheme can be any text, and it becomes a metric attribute, so only known ones are kept: with any other, the
 * connection decides.
 */
function schemeOf(scheme: string, socket: Socket | undefined): string {
  if (scheme === 'http' || scheme === 'https') return scheme
  if (/^(?:https|wss)$/i.test(scheme)) return 'https'
  if (/^(?:http|ws)$/i.test(scheme)) return 'http'
  return (socket as { readonly encrypted?: boolean } | undefined)?.encrypted === true ? 'https' : 'http'
}

function addAddresses(
  attributes: Attributes,
  { clientAddress, host }: Origin,
  socket: Socket | undefined,
): void {
  const isPeer = clientAddress === socket?.remoteAddress
  const client = isPeer || clientAddress === undefined ? undefined : clientOf(clientAddress)
  const address = client?.host ?? socket?.remoteAddress
  if (address !== undefined) attributes[ATTR_CLIENT_ADDRESS] = address
  if (client?.port !== undefined) attributes[ATTR_CLIENT_PORT] = client.port
  const server = host === undefined ? undefined : splitHost(host)
  if (server) {
    attributes[ATTR_SERVER_ADDRESS] = server.host
    if (server.port !== undefined) attributes[ATTR_SERVER_PORT] = server.port
  }
  // Requests that did not arrive over a connection, such as those of serverless adapters, have no socket.
  const { remoteAddress, remotePort } = socket ?? {}
  if (remoteAddress === undefined) return
  attributes[ATTR_NETWORK_PEER_ADDRESS] = remoteAddress
  if (remotePort !== undefined) attributes[ATTR_NETWORK_PEER_PORT] = remotePort
}

/** The client address reported by a proxy, with its port if present; undefined for a text that isn't an address. */
function clientOf(forwarded: string): HostAndPort | undefined {
  if (isIP(forwarded) > 0) return { host: forwarded, port: undefined }
  const client = splitHost(forwarded)
  return client && isIP(client.host) > 0 ? client : undefined
}
