import { type Attributes, type Context, context as contextApi, SpanKind } from '@opentelemetry/api'

import { CapturedHeaders } from './captured-headers.ts'
import { ExposedTrace } from './exposed-trace.ts'
import { reportFailure } from './guard.ts'
import { HttpExchange, REQUEST_TOKEN } from './http-exchange.ts'
import type { Exchange, HttpFramework, ServerAnswer, ServerRequest } from './http-framework.ts'
import { knownMethods, writeMethod } from './http-method.ts'
import { HTTP_SERVER_RULES, type HttpServerOptions, type HttpServerRecord } from './http-server-options.ts'
import { HTTP_SERVER_METRICS_RULES, HttpServerMetrics } from './http-server-metrics.ts'
import { type Belonging, IncomingContext } from './incoming-context.ts'
import { decide, Operation } from './operation.ts'
import type { OptionRules } from './options.ts'
import { suppressTracing } from './propagation.ts'
import { listenForShutdown } from './requests-in-flight.ts'
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
  private readonly incoming: IncomingContext<HttpServerRecord<Request>, Request>
  private readonly exposed: ExposedTrace | undefined
  private readonly metrics: HttpServerMetrics<HttpServerRecord<Request>>
  private readonly endOnShutdown: boolean

  /**
   * @param rules options of the framework's own plugin
   * @throws TypeError when an option is unknown or of the wrong type
   */
  constructor(
    scope: Scope,
    framework: HttpFramework<Request>,
    options: HttpServerOptions<Request> = {},
    rules: OptionRules = {},
  ) {
    this.settings = new Settings(
      {
        scope,
        caller: 'tracing()',
        area: 'http.server',
        rules: { ...HTTP_SERVER_RULES, ...rules },
        metricsRules: HTTP_SERVER_METRICS_RULES,
      },
      options,
    )
    this.framework = framework
    this.sensitiveKeys = sensitiveQueryKeys(options.sensitiveQueryKeys)
    const { request, response, unmasked } = options.captureHeaders ?? {}
    this.requestHeaders = new CapturedHeaders(ATTR_HTTP_REQUEST_HEADER_PREFIX, request, unmasked)
    this.responseHeaders = new CapturedHeaders(ATTR_HTTP_RESPONSE_HEADER_PREFIX, response, unmasked)
    this.incoming = new IncomingContext(this.settings, options.parent)
    this.exposed = options.expose === undefined ? undefined : new ExposedTrace(options.expose)
    this.metrics = new HttpServerMetrics(
      this.settings,
      typeof options.metrics === 'object' ? options.metrics : {},
    )
    this.endOnShutdown = options.endOnShutdown ?? false
    if (this.endOnShutdown) listenForShutdown()
  }

  /**
   * Starts the span of a request. It ends by itself when the response is done or its connection is gone.
   * A request that is traced already, or is not to be traced, gets an exchange that only runs the work.
   */
  begin(req: ServerRequest, res: ServerAnswer, request: Request): Exchange {
    if (isMarked(req)) return UNTRACED
    const active = contextApi.active()
    const belonging = this.incoming.belongingOf(req.headers, request, active)
    const { parent } = belonging
    const record = this.settings.hasHooks ? this.recordOf(req, request) : undefined
    const decision = decide(this.settings, parent, record)
    if (decision !== 'trace') {
      return decision === 'ignore' ? new ContextOnly(suppressTracing(active)) : UNTRACED
    }
    const observed = this.settings.hasTracerProvider || record !== undefined
    if (!observed && !this.metrics.enabled) {
      return parent === active ? UNTRACED : new ContextOnly(parent)
    }
    mark(req)
    return this.start(req, res, request, belonging, record, observed)
  }

  private start(
    req: ServerRequest,
    res: ServerAnswer,
    request: Request,
    { parent, links }: Belonging,
    record: HttpServerRecord<Request> | undefined,
    observed: boolean,
  ): HttpExchange<Request> {
    const attributes: Attributes = {}
    const method = writeMethod(attributes, req.method ?? '', this.methods)
    attributes[ATTR_NETWORK_PROTOCOL_VERSION] = protocolVersion(req)
    try {
      attributes[ATTR_URL_SCHEME] = this.framework.scheme(request)
      if (observed) this.describe(attributes, req, request)
    } catch (error) {
      // HTTP/2 refuses to show the socket of a session that is gone.
      reportFailure('describing a request', error)
    }
    const token = {}
    const operation = new Operation(this.settings, {
      kind: SpanKind.SERVER,
      name: method,
      attributes,
      parent: parent.setValue(REQUEST_TOKEN, token),
      links,
      record,
      duration: this.metrics.duration,
    })
    const { framework, responseHeaders, exposed, metrics, endOnShutdown } = this
    const { recordExceptions } = this.settings
    return new HttpExchange({
      operation,
      framework,
      method,
      responseHeaders,
      recordExceptions,
      exposed,
      metrics,
      endOnShutdown,
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

function protocolVersion({ httpVersion }: ServerRequest): string {
  return httpVersion === '2.0' ? '2' : httpVersion
}
