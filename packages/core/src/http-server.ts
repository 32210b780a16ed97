import type { IncomingHttpHeaders } from 'node:http'

import {
  type Attributes,
  type Context,
  context as contextApi,
  SpanKind,
  type TextMapGetter,
  trace,
} from '@opentelemetry/api'

import { CapturedHeaders } from './captured-headers.ts'
import { HttpExchange, REQUEST_TOKEN } from './http-exchange.ts'
import type { Exchange, HttpFramework, ServerAnswer, ServerRequest } from './http-framework.ts'
import { knownMethods, writeMethod } from './http-method.ts'
import { HTTP_SERVER_RULES, type HttpServerOptions, type HttpServerRecord } from './http-server-options.ts'
import { LateHistogram } from './instruments.ts'
import { decide, Operation } from './operation.ts'
import { extractContext, suppressTracing } from './propagation.ts'
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
  ATTR_HTTP_RESPONSE_HEADER_PREFIX,
  ATTR_URL_PATH,
  ATTR_URL_QUERY,
  ATTR_URL_SCHEME,
  ATTR_USER_AGENT_ORIGINAL,
  HTTP_SERVER_METRIC_ATTRIBUTES,
  METRIC_HTTP_SERVER_REQUEST_DURATION,
} from './semconv/http.ts'
import { type Scope, Settings } from './settings.ts'
import { redactQuery, sensitiveQueryKeys, splitHost, splitTarget } from './url.ts'

/** Traces the requests of one framework: one server span for each, from the middleware to the end of the response. */
export class HttpServer<Request> {
  private readonly settings: Settings<HttpServerRecord<Request>>
  private readonly framework: HttpFramework<Request>
  private readonly methods: ReadonlySet<string> = knownMethods()
  private readonly sensitiveKeys: ReadonlySet<string>
  private readonly requestHeaders: CapturedHeaders
  private readonly responseHeaders: CapturedHeaders
  private readonly duration: {
    readonly histogram: LateHistogram<HttpServerRecord<Request>>
    readonly keys: readonly string[]
  }

  /** @throws TypeError when an option is unknown or of the wrong type */
  constructor(scope: Scope, framework: HttpFramework<Request>, options: HttpServerOptions<Request> = {}) {
    this.settings = new Settings(
      { scope, caller: 'tracing()', area: 'http.server', rules: HTTP_SERVER_RULES },
      options,
    )
    this.framework = framework
    this.sensitiveKeys = sensitiveQueryKeys(options.sensitiveQueryKeys)
    const { request, response, unmasked } = options.captureHeaders ?? {}
    this.requestHeaders = new CapturedHeaders(ATTR_HTTP_REQUEST_HEADER_PREFIX, request, unmasked)
    this.responseHeaders = new CapturedHeaders(ATTR_HTTP_RESPONSE_HEADER_PREFIX, response, unmasked)
    this.duration = {
      histogram: new LateHistogram(this.settings, METRIC_HTTP_SERVER_REQUEST_DURATION),
      keys: HTTP_SERVER_METRIC_ATTRIBUTES,
    }
  }

  /**
   * Starts the span of a request. It ends by itself when the response is done or its connection is gone.
   * A request that is traced already, or is not to be traced, gets an exchange that only runs the work.
   */
  begin(req: ServerRequest, res: ServerAnswer, request: Request): Exchange {
    if (isMarked(req)) return UNTRACED
    const active = contextApi.active()
    const parent = extractContext(this.settings, withoutEndedSpan(active), req.headers, HEADERS)
    const record = this.settings.hasHooks ? this.recordOf(req, request) : undefined
    const decision = decide(this.settings, parent, record)
    if (decision !== 'trace') {
      return decision === 'ignore' ? new ContextOnly(suppressTracing(active)) : UNTRACED
    }
    const observed = this.settings.hasTracerProvider || record !== undefined
    if (!observed && !this.duration.histogram.enabled) {
      return parent === active ? UNTRACED : new ContextOnly(parent)
    }
    mark(req)
    return this.start(req, res, request, parent, record, observed)
  }

  private start(
    req: ServerRequest,
    res: ServerAnswer,
    request: Request,
    parent: Context,
    record: HttpServerRecord<Request> | undefined,
    observed: boolean,
  ): HttpExchange<Request> {
    const attributes: Attributes = {}
    const method = writeMethod(attributes, req.method ?? '', this.methods)
    attributes[ATTR_URL_SCHEME] = this.framework.scheme(request)
    attributes[ATTR_NETWORK_PROTOCOL_VERSION] = protocolVersion(req)
    if (observed) this.describe(attributes, req, request)
    const token = {}
    const operation = new Operation(this.settings, {
      kind: SpanKind.SERVER,
      name: method,
      attributes,
      parent: parent.setValue(REQUEST_TOKEN, token),
      record,
      duration: this.duration,
    })
    const { framework, responseHeaders } = this
    const { recordExceptions } = this.settings
    return new HttpExchange({
      operation,
      framework,
      method,
      responseHeaders,
      recordExceptions,
      token,
      req,
      res,
      request,
    })
  }

  private describe(attributes: Attributes, req: ServerRequest, request: Request): void {
    const { path, query } = splitTarget(this.framework.url(request))
    attributes[ATTR_URL_PATH] = path
    if (query) attributes[ATTR_URL_QUERY] = redactQuery(query, this.sensitiveKeys)
    this.addAddresses(attributes, req, request)
    const userAgent = req.headers['user-agent']
    if (userAgent !== undefined) attributes[ATTR_USER_AGENT_ORIGINAL] = userAgent
    if (!this.requestHeaders.isEmpty) this.requestHeaders.write(attributes, name => req.headers[name])
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

  private recordOf(req: ServerRequest, request: Request): HttpServerRecord<Request> {
    const { method = '', headers } = req
    return { method, url: this.framework.url(request), headers, request }
  }
}

/** Runs work in a context and traces nothing. */
class ContextOnly implements Exchange {
  readonly traced = false
  private readonly context: Context

  constructor(context: Context) {
    this.context = context
  }

  run<T>(work: () => T): T {
    return contextApi.with(this.context, work)
  }

  recordError(): void {}
}

const UNTRACED: Exchange = {
  traced: false,
  run: work => work(),
  recordError: () => undefined,
}

// A registered symbol, so that a second copy of this package sees the mark of the first.
const TRACED = Symbol.for('spanwright.traced')

function isMarked(req: ServerRequest): boolean {
  return (req as { [TRACED]?: true })[TRACED] === true
}

function mark(req: ServerRequest): void {
  ;(req as { [TRACED]?: true })[TRACED] = true
}

/**
 * A server that was started inside a span hands the context of that moment to every request; a span that has
 * ended since is no parent.
 */
function withoutEndedSpan(context: Context): Context {
  const span = trace.getSpan(context) as { readonly ended?: unknown } | undefined
  return span?.ended === true ? trace.deleteSpan(context) : context
}

function protocolVersion({ httpVersion }: ServerRequest): string {
  return httpVersion === '2.0' ? '2' : httpVersion
}

const HEADERS: TextMapGetter<IncomingHttpHeaders> = {
  get: (headers, name) => headers[name.toLowerCase()],
  keys: headers => Object.keys(headers),
}
