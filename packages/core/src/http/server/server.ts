import {
  type Attributes,
  type Context,
  context as contextApi,
  ROOT_CONTEXT,
  SpanKind,
} from '@opentelemetry/api'

import { AdoptedSpan } from './adopted-span.ts'
import { CapturedHeaders } from '../captured-headers.ts'
import { decide, isIdle, isObserved } from '../../operation/decision.ts'
import { exchangeOf } from './open-exchanges.ts'
import { ExposedTrace } from './response/exposed-trace.ts'
import { findForeignSpan, type ForeignSpan } from './foreign-span.ts'
import { addFromHook } from '../../host/guard.ts'
import { HttpExchange, REQUEST_TOKEN } from './exchange.ts'
import type { Exchange, HttpFramework, ServerAnswer, ServerRequest } from './framework.ts'
import { HTTP_2, HttpRequestDescription } from './request-description.ts'
import { HTTP_SERVER_RULES, type HttpServerOptions, type HttpServerRecord } from './options.ts'
import { HTTP_SERVER_METRICS_RULES, HttpServerMetrics } from './metrics.ts'
import { type Belonging, IncomingContext } from './incoming-context.ts'
import { Layers } from './layers.ts'
import { contextWithValue } from '../../operation/lean-context.ts'
import { Operation } from '../../operation/operation.ts'
import type { OptionRules } from '../../host/options.ts'
import { suppressTracing } from '../../operation/propagation.ts'
import { listenForShutdown } from './requests-in-flight.ts'
import { onResponseStart } from './response/start.ts'
import { ATTR_HTTP_RESPONSE_HEADER_PREFIX, EVENT_RESPONSE_START } from '../../semconv/http.ts'
import { type Scope, Settings } from '../../operation/settings.ts'

/** Traces the requests of one framework: one server span for each, from the middleware to the end of the response. */
export class HttpServer<Request> {
  /** What is told of the middleware and handlers of its requests. */
  readonly layers: Layers<HttpServerRecord<Request>>
  private readonly settings: Settings<HttpServerRecord<Request>>
  private readonly framework: HttpFramework<Request>
  private readonly description: HttpRequestDescription<Request>
  private readonly responseHeaders: CapturedHeaders
  private readonly incoming: IncomingContext<HttpServerRecord<Request>, Request>
  private readonly exposed: ExposedTrace | undefined
  private readonly metrics: HttpServerMetrics<HttpServerRecord<Request>>
  private readonly endOnShutdown: boolean
  private readonly stages: boolean

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
    const headers = options.captureHeaders ?? {}
    this.description = new HttpRequestDescription(framework, options.sensitiveQueryKeys, headers)
    this.responseHeaders = new CapturedHeaders(
      ATTR_HTTP_RESPONSE_HEADER_PREFIX,
      headers.response,
      headers.unmasked,
    )
    this.incoming = new IncomingContext(this.settings, options.parent)
    this.exposed = options.expose === undefined ? undefined : new ExposedTrace(options.expose)
    this.metrics = new HttpServerMetrics(
      this.settings,
      typeof options.metrics === 'object' ? options.metrics : {},
    )
    this.layers = new Layers(this.settings, options)
    this.stages = options.stages ?? false
    this.endOnShutdown = options.endOnShutdown ?? false
    if (this.endOnShutdown) listenForShutdown()
  }

  /**
   * Starts the span of a request. It ends by itself when the response is done or its connection is gone.
   * A request that is traced already, or is not to be traced, gets an exchange that only runs the work.
   */
  begin(req: ServerRequest, res: ServerAnswer, request: Request): Exchange {
    const active = contextApi.active()
    // Before anything is read from the request: Express makes each reading cost about half a microsecond.
    if (active === ROOT_CONTEXT && isIdle(this.settings, this.metrics.enabled)) return UNTRACED
    if (exchangeOf(req)) return UNTRACED
    const foreign = active.getValue(REQUEST_TOKEN) ? undefined : findForeignSpan(active)
    if (foreign) return this.adopt(foreign, req, res, request, active)
    const belonging = this.incoming.belongingOf(req.headers, request, active)
    const { parent } = belonging
    const record = this.settings.hasHooks ? this.recordOf(req, request) : undefined
    const decision = decide(this.settings, parent, record)
    if (decision !== 'trace') {
      return decision === 'ignore' ? new ContextOnly(suppressTracing(active)) : UNTRACED
    }
    if (!isObserved(this.settings, this.metrics.enabled)) {
      return parent === active ? UNTRACED : new ContextOnly(parent)
    }
    return this.start(req, res, request, belonging, record)
  }

  private start(
    req: ServerRequest,
    res: ServerAnswer,
    request: Request,
    { parent, links }: Belonging,
    record: HttpServerRecord<Request> | undefined,
  ): HttpExchange<Request> {
    const attributes: Attributes = {}
    const { httpVersion } = req
    const isShown = isObserved(this.settings, false)
    const method = this.description.writeTo(attributes, req, httpVersion, request, isShown)
    const token = {}
    const operation = new Operation(this.settings, {
      kind: SpanKind.SERVER,
      name: method,
      attributes,
      parent: contextWithValue(parent, REQUEST_TOKEN, token),
      links,
      record,
      duration: this.metrics.duration,
    })
    const { framework, responseHeaders, exposed, metrics, endOnShutdown } = this
    const { recordExceptions } = this.settings
    if (this.stages && operation.isRecording) {
      onResponseStart(res, () => operation.span.addEvent(EVENT_RESPONSE_START))
    }
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
      isHttp2: httpVersion === HTTP_2,
      request,
    })
  }

  /** Puts tracing on a span that somebody else has started for this request. */
  private adopt(
    foreign: ForeignSpan,
    req: ServerRequest,
    res: ServerAnswer,
    request: Request,
    active: Context,
  ): Exchange {
    const record = this.settings.hasHooks ? this.recordOf(req, request) : undefined
    const decision = decide(this.settings, active, record)
    if (decision !== 'trace') {
      return decision === 'ignore' ? new ContextOnly(suppressTracing(active)) : UNTRACED
    }
    const attributes: Attributes = {}
    const { httpVersion } = req
    const observed = foreign.span.isRecording()
    const method = this.description.writeTo(attributes, req, httpVersion, request, observed)
    const { attributes: hook } = this.settings.options
    if (hook && record) addFromHook(attributes, 'attributes', hook, record)
    const { settings, framework, responseHeaders, exposed, metrics, endOnShutdown } = this
    const adopted = new AdoptedSpan<Request>({
      settings,
      foreign,
      framework,
      request,
      req,
      res,
      isHttp2: httpVersion === HTTP_2,
      method,
      attributes,
      record,
      responseHeaders,
      exposed,
      metrics,
      endOnShutdown,
      active,
    })
    if (this.stages) onResponseStart(res, () => adopted.addEvent(EVENT_RESPONSE_START))
    return adopted
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
  addEvent(): void {}
}

const UNTRACED: Exchange = {
  traced: false,
  run: work => work(),
  recordError: () => undefined,
  addEvent: () => undefined,
}
