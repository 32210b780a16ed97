import type { IncomingHttpHeaders } from 'node:http'

import {
  type Attributes,
  context as contextApi,
  ROOT_CONTEXT,
  SpanKind,
  type TextMapGetter,
} from '@opentelemetry/api'

import { notePassing } from '../../doctor/responses.ts'
import { decide, isIdle, isObserved } from '../../operation/decision.ts'
import { exchangeOf, listenForShutdown, Untraced, UNTRACED } from './open-requests.ts'
import { ExposedTrace } from './response/exposed-trace.ts'
import { inNewRequest, isInRequest } from './current-request.ts'
import { type ExchangeSettings, HttpExchange } from './exchange.ts'
import { ResponseProgress } from './response/progress.ts'
import type { Exchange, HttpFramework, ServerAnswer, ServerRequest } from './framework.ts'
import { HTTP_2, HttpDescription, RequestFacts } from './description.ts'
import { HTTP_SERVER_RULES, type HttpServerOptions, type HttpServerRecord } from './options.ts'
import { HttpMetrics } from '../metrics.ts'
import { HTTP_SERVER_METRICS, HTTP_SERVER_METRICS_RULES } from './metrics.ts'
import { type Belonging, IncomingContext } from '../../operation/incoming-context.ts'
import { LAYER_RULES, Layers } from './layers.ts'
import { guardMethods } from '../../host/guard.ts'
import { isRecording } from '../../host/span.ts'
import { Operation } from '../../operation/operation.ts'
import type { OptionRules } from '../../host/options.ts'
import { suppressTracing } from '../../operation/propagation.ts'
import { findForeignSpan } from './foreign-span.ts'
import { AdoptedSpan, OwnSpan, type SpanOwner } from './owner.ts'
import { type Scope, Settings } from '../../operation/settings.ts'

/** Traces the requests of one framework: one server span for each, from the middleware to the end of the response. */
export class HttpServer<Request, Routes = never> {
  /** Reports the middleware and handlers of its requests. */
  readonly layers: Layers<HttpServerRecord<Request>>
  private readonly settings: Settings<HttpServerRecord<Request>, HttpServerOptions<Request>>
  private readonly shared: ExchangeSettings<Request, Routes>
  private readonly incoming: IncomingContext<HttpServerRecord<Request>, Request, IncomingHttpHeaders>

  /**
   * @param rules options that not every plugin has. Default: those of layers
   * @param caller what the user called, for error messages
   * @throws TypeError when an option is unknown or of the wrong type
   */
  constructor(
    scope: Scope,
    framework: HttpFramework<Request, Routes>,
    given: HttpServerOptions<Request> = {},
    rules: OptionRules = LAYER_RULES,
    caller = 'tracing()',
  ) {
    this.settings = new Settings(
      {
        scope,
        caller,
        area: 'http.server',
        rules: { ...HTTP_SERVER_RULES, ...rules },
        metricsRules: HTTP_SERVER_METRICS_RULES,
      },
      given,
    )
    const { options } = this.settings
    const { captureHeaders = {}, expose, metrics, stages = false, endOnShutdown = false } = options
    this.shared = {
      description: new HttpDescription(framework, options.sensitiveQueryKeys, captureHeaders, options.route),
      exposed: expose === undefined ? undefined : new ExposedTrace(expose),
      metrics: new HttpMetrics(
        this.settings,
        HTTP_SERVER_METRICS,
        typeof metrics === 'object' ? metrics : {},
      ),
      stages,
      endOnShutdown,
    }
    this.incoming = new IncomingContext(this.settings, HEADERS, options.parent)
    this.layers = new Layers(this.settings, options)
    if (endOnShutdown) listenForShutdown()
  }

  /**
   * Starts the span of a request. The span ends automatically when the response ends or its connection closes. A
   * request that is already traced, or must not be traced, gets an exchange that only runs the work.
   */
  begin(req: ServerRequest, res: ServerAnswer, request: Request): Exchange<Routes> {
    return this.tryBegin(req, res, request) ?? UNTRACED
  }

  /** @returns undefined for objects that cannot be traced */
  private tryBegin(req: ServerRequest, res: ServerAnswer, request: Request): Exchange<Routes> | undefined {
    notePassing(req)
    const active = contextApi.active()
    const isMeasured = this.shared.metrics.prepare()
    // Before anything is read from the request: in Express each read costs about half a microsecond.
    if (active === ROOT_CONTEXT && isIdle(this.settings, isMeasured)) return UNTRACED
    if (exchangeOf(req)) return UNTRACED
    const foreign = isInRequest(active) ? undefined : findForeignSpan(active)
    const { headers } = req
    // Before there is a span, which would never end if no events are emitted.
    if (!headers || typeof res.on !== 'function') throw new TypeError('it has no headers, or emits no events')
    const belonging = foreign ? { parent: active } : this.incoming.belongingOf(headers, request, active)
    const record = this.settings.hasHooks ? this.recordOf(req, request) : undefined
    const decision = decide(this.settings, belonging.parent, record)
    if (decision === 'ignore') return new Untraced(suppressTracing(active))
    if (decision === 'skip') return UNTRACED
    if (!foreign && !isObserved(this.settings, isMeasured)) {
      return belonging.parent === active ? UNTRACED : new Untraced(belonging.parent)
    }
    const attributes: Attributes = {}
    const { httpVersion } = req
    const isShown = foreign ? isRecording(foreign.span) : isObserved(this.settings, false)
    const method = this.shared.description.writeRequest(attributes, req, httpVersion, request, isShown)
    const progress = new ResponseProgress(res, httpVersion === HTTP_2)
    const owner = foreign
      ? new AdoptedSpan(this.settings, foreign, attributes, record, inNewRequest(active))
      : this.start(method, attributes, belonging, record)
    const facts = new RequestFacts(this.shared.description, request, method, progress)
    return new HttpExchange(this.shared, owner, req, facts)
  }

  private start(
    name: string,
    attributes: Attributes,
    { parent, links }: Belonging,
    record: HttpServerRecord<Request> | undefined,
  ): SpanOwner {
    const operation = new Operation(this.settings, {
      kind: SpanKind.SERVER,
      name,
      attributes,
      parent: inNewRequest(parent),
      links,
      record,
      duration: this.shared.metrics.duration,
    })
    return new OwnSpan(operation, this.settings)
  }

  private recordOf(req: ServerRequest, request: Request): HttpServerRecord<Request> {
    const { method = '', headers } = req
    return { method, url: this.shared.description.urlOf(request), headers, request }
  }
}

const HEADERS: TextMapGetter<IncomingHttpHeaders> = {
  get: (headers, name) => headers[name.toLowerCase()],
  keys: headers => Object.keys(headers),
}

guardMethods('beginning a request', HttpServer, 'tryBegin')
