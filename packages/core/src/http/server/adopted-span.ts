import type { ServerResponse } from 'node:http'

import type { Attributes, Context } from '@opentelemetry/api'

import { BodySizes } from './response/body-sizes.ts'
import type { CapturedHeaders, HeaderValue } from '../captured-headers.ts'
import { setExchange } from './open-exchanges.ts'
import { type ExposedTrace, valueGivenIn } from './response/exposed-trace.ts'
import type { ForeignSpan } from './foreign-span.ts'
import { addFromHook, callHook, reportFailure } from '../../host/guard.ts'
import { endingOf, ResponseProgress, unfinished } from './ending.ts'
import type { Exchange, HttpFramework, ServerAnswer, ServerRequest } from './framework.ts'
import { routeOf } from './route.ts'
import type { HttpServerMetrics } from './metrics.ts'
import type { HttpServerRecord } from './options.ts'
import { writeTo } from '../../host/span.ts'
import {
  type Ending,
  errorTypeOf,
  exceptionOf,
  isMeantForClient,
  type Outcome,
  outcomeOf,
  withErrorType,
  writeEnding,
} from '../../operation/outcome.ts'
import {
  addOpenRequest,
  describeRequest,
  type OpenRequest,
  removeOpenRequest,
  type RequestInFlight,
} from './requests-in-flight.ts'
import { ATTR_ERROR_TYPE } from '../../semconv/attributes.ts'
import { ATTR_HTTP_RESPONSE_STATUS_CODE, ATTR_HTTP_ROUTE } from '../../semconv/http.ts'
import type { Settings } from '../../operation/settings.ts'
import { type Emitter, hookStreams, type Method } from './response/stream-hooks.ts'
import { watchWaiting } from './response/waiting-responses.ts'

/** What the span of somebody else is to be given. */
export interface Adoption<Request> {
  readonly settings: Settings<HttpServerRecord<Request>>
  readonly foreign: ForeignSpan
  readonly framework: HttpFramework<Request>
  readonly request: Request
  readonly req: ServerRequest
  readonly res: ServerAnswer
  readonly isHttp2: boolean
  /** First word of the span name. */
  readonly method: string
  /** What it gets at once, in the latest names. The adopted span owns and extends this object. */
  readonly attributes: Attributes
  /** What hooks are shown; needed only when `settings.hasHooks`. */
  readonly record: HttpServerRecord<Request> | undefined
  readonly responseHeaders: CapturedHeaders
  readonly exposed: ExposedTrace | undefined
  readonly metrics: HttpServerMetrics<HttpServerRecord<Request>>
  readonly endOnShutdown: boolean
  /** Context in which that span is active. */
  readonly active: Context
}

/**
 * A request whose span somebody else started and will end: it gets the attributes it lacks, the route, and the
 * errors that only the framework sees. The duration is measured by its owner.
 */
export class AdoptedSpan<Request> implements Exchange, OpenRequest {
  readonly traced = true
  routes: unknown
  before: OpenRequest | undefined
  after: OpenRequest | undefined
  private readonly start: Adoption<Request>
  private readonly openedAt: number = performance.now()
  private readonly progress: ResponseProgress
  private readonly bodies: BodySizes | undefined
  private readonly closeCount: (() => void) | undefined
  private readonly stopWatching: (() => void) | undefined
  private thrown: { readonly value: unknown } | undefined
  private route: string | undefined
  private isRouteKnown = false
  private isOver = false
  /** What the head of the response was written with, where its headers are captured. */
  private head: readonly unknown[] = []

  constructor(start: Adoption<Request>) {
    this.start = start
    const { foreign, settings, record, framework, request, req, res, isHttp2, metrics } = start
    this.progress = new ResponseProgress(res, isHttp2)
    this.writeMissing()
    const { onStart } = settings.options
    if (onStart && record) callHook('onStart', onStart, foreign.span, record)
    const prototypes = framework.prototypes?.(request)
    setExchange(req, this, prototypes !== undefined)
    hookStreams(req, res, prototypes)
    // Before the listener with which its owner ends the span.
    res.prependOnceListener('close', () => this.finish())
    if (metrics.measuresBodies) this.bodies = new BodySizes(req, res)
    this.closeCount = metrics.open(start.attributes, start.active)
    addOpenRequest(this, start.endOnShutdown)
    if (!isHttp2) this.stopWatching = watchWaiting(req, res as ServerResponse, this)
    if (this.progress.isClosed) this.finish()
  }

  run<T>(work: () => T): T {
    return work()
  }

  addEvent(name: string, attributes?: Attributes): void {
    this.start.foreign.span.addEvent(name, attributes)
  }

  recordError(error: unknown): void {
    if (this.thrown && this.thrown.value === error) return
    this.thrown = { value: error }
    const { foreign, settings } = this.start
    if (settings.recordExceptions && !isMeantForClient(error)) {
      foreign.span.recordException(exceptionOf(error))
    }
  }

  /** What its owner wants of the context of listeners is its own affair. */
  emitOfRequest(req: Emitter, emit: Method, args: readonly unknown[]): unknown {
    if (this.bodies && args[0] === 'data') this.bodies.add(args[1])
    return Reflect.apply(emit, req, args)
  }

  emitOfResponse(res: Emitter, emit: Method, args: readonly unknown[]): unknown {
    if (args[0] === 'finish') this.progress.noteFinish()
    return Reflect.apply(emit, res, args)
  }

  /** The response is about to begin; its owner may end the span with its last byte. */
  writeHead(res: unknown, writeHead: Method, args: readonly unknown[]): unknown {
    const { foreign, exposed, responseHeaders } = this.start
    let head = args
    if (!responseHeaders.isEmpty) this.head = args
    try {
      this.writeRoute()
      const statusCode = typeof args[0] === 'number' ? args[0] : this.start.res.statusCode
      if (this.thrown && statusCode >= 500) this.write({ [ATTR_ERROR_TYPE]: errorTypeOf(this.thrown.value) })
      if (exposed) head = exposed.addTo(this.start.res, foreign.span, args)
    } catch (error) {
      reportFailure('describing a response', error)
    }
    const written = Reflect.apply(writeHead, res, head)
    this.progress.noteHead(args[0])
    return written
  }

  describe(): RequestInFlight {
    const { foreign, req, request, framework } = this.start
    const route = this.route ?? routeOf(framework, request, this.routes)
    return describeRequest(req.method, route, framework.url(request), this.openedAt, foreign.span)
  }

  /** Its owner would end it with a response that does not come any more. */
  endUnfinished(): void {
    this.finish(unfinished(this.progress))
    writeTo(this.start.foreign.span, 'end')
  }

  /** The connection is gone. */
  leftWaiting(): void {
    this.finish()
  }

  /** The response is closed, and the span still open unless its owner ended it with the last byte. */
  private finish(known?: Ending): void {
    if (this.isOver) return
    this.isOver = true
    removeOpenRequest(this)
    this.stopWatching?.()
    this.closeCount?.()
    try {
      if (!known && this.stopWatching && !this.start.res.socket) this.progress.noteUnsent()
      this.tell(known ?? endingOf(this.progress, this.thrown))
    } catch (error) {
      reportFailure('describing a response', error)
    }
  }

  private tell(ending: Ending): void {
    const { foreign, settings, responseHeaders, record } = this.start
    this.writeRoute()
    if (foreign.span.isRecording()) {
      this.write(withErrorType({}, ending))
      if (ending.failed) writeEnding(foreign.span, ending, settings.recordExceptions && !this.thrown)
      const headers: Attributes = {}
      if (!responseHeaders.isEmpty) responseHeaders.write(headers, name => this.headerOf(name))
      this.write(headers)
    }
    const { onEnd } = settings.options
    const outcome = outcomeOf(ending, performance.now() - this.openedAt)
    if (onEnd && record) callHook('onEnd', onEnd, foreign.span, record, outcome)
    if (this.bodies) this.measure(this.bodies, ending, outcome)
  }

  /** Node keeps no header that came with the head alone. */
  private headerOf(name: string): HeaderValue {
    return this.start.res.getHeader(name) ?? valueGivenIn(this.head, name)
  }

  private measure(bodies: BodySizes, ending: Ending, outcome: Outcome): void {
    const { settings, attributes, metrics, active, record } = this.start
    const { statusCode } = this.progress
    const finished = withErrorType(attributes, ending)
    const late: Attributes = {}
    if (this.route !== undefined) late[ATTR_HTTP_ROUTE] = this.route
    if (statusCode !== undefined) late[ATTR_HTTP_RESPONSE_STATUS_CODE] = statusCode
    const added: Attributes = {}
    const { metricAttributes } = settings
    if (metricAttributes && record) {
      addFromHook(added, 'metrics.attributes', metricAttributes, record, outcome)
    }
    metrics.recordBodies(bodies, { ...finished, ...late }, added, active)
  }

  private writeMissing(): void {
    const { foreign, attributes } = this.start
    const { translate } = this.start.settings
    const present = (foreign.span as { attributes?: Attributes }).attributes ?? {}
    for (const [key, value] of Object.entries(translate?.(attributes) ?? attributes)) {
      if (value !== undefined && !(key in present)) foreign.span.setAttribute(key, value)
    }
  }

  /** The route is that of the time when the response began. */
  private writeRoute(): void {
    if (this.isRouteKnown) return
    const { framework, request, res, foreign, method } = this.start
    const route = routeOf(framework, request, this.routes)
    this.isRouteKnown = route !== undefined || res.headersSent
    if (route === undefined) return
    this.route = route
    if (foreign.span.isRecording()) {
      this.write({ [ATTR_HTTP_ROUTE]: route })
      foreign.span.updateName(`${method} ${route}`)
    }
    if (foreign.metadata) foreign.metadata.route = route
  }

  private write(attributes: Attributes): void {
    this.start.foreign.span.setAttributes(this.start.settings.translate?.(attributes) ?? attributes)
  }
}
