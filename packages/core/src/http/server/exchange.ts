import type { ServerResponse } from 'node:http'

import { type Attributes, type Context, context as contextApi, createContextKey } from '@opentelemetry/api'

import { BodySizes } from './response/body-sizes.ts'
import type { CapturedHeaders, HeaderValue } from '../captured-headers.ts'
import { type ExposedTrace, valueGivenIn } from './response/exposed-trace.ts'
import { exchangeOf, releaseExchange, setExchange } from './open-exchanges.ts'
import { reportFailure } from '../../host/guard.ts'
import { endingOf, ResponseProgress, unfinished } from './ending.ts'
import type { Exchange, HttpFramework, ServerAnswer, ServerRequest } from './framework.ts'
import { routeOf } from './route.ts'
import type { HttpServerMetrics } from './metrics.ts'
import type { HttpServerRecord } from './options.ts'
import type { Operation } from '../../operation/operation.ts'
import { type Ending, exceptionOf, isMeantForClient } from '../../operation/outcome.ts'
import {
  addOpenRequest,
  describeRequest,
  type OpenRequest,
  removeOpenRequest,
  type RequestInFlight,
} from './requests-in-flight.ts'
import { type Emitter, hookStreams, type Method } from './response/stream-hooks.ts'
import { ATTR_HTTP_RESPONSE_STATUS_CODE, ATTR_HTTP_ROUTE } from '../../semconv/http.ts'
import { watchWaiting } from './response/waiting-responses.ts'

/** Under this key the context of a request holds a token of it, by which its work is known. */
export const REQUEST_TOKEN: symbol = createContextKey('spanwright.request')

/** What an exchange is about. */
export interface ExchangeStart<Request> {
  readonly operation: Operation<HttpServerRecord<Request>>
  readonly framework: HttpFramework<Request>
  /** First word of the span name. */
  readonly method: string
  readonly responseHeaders: CapturedHeaders
  readonly recordExceptions: boolean
  readonly exposed: ExposedTrace | undefined
  readonly metrics: HttpServerMetrics<HttpServerRecord<Request>>
  readonly endOnShutdown: boolean
  readonly token: object
  readonly req: ServerRequest
  readonly res: ServerAnswer
  readonly isHttp2: boolean
  readonly request: Request
}

/** The life of one traced request, until its response is closed. */
export class HttpExchange<Request> implements Exchange, OpenRequest {
  readonly traced = true
  routes: unknown
  before: OpenRequest | undefined
  after: OpenRequest | undefined
  private readonly start: ExchangeStart<Request>
  /** Context of the request, as long as one of its streams can still emit something. */
  private context: Context | undefined
  private readonly openedAt: number = performance.now()
  private readonly progress: ResponseProgress
  private readonly bodies: BodySizes | undefined
  private readonly closeCount: (() => void) | undefined
  private readonly stopWatching: (() => void) | undefined
  private isClosing = false
  /** What the head of the response was written with, where its headers are captured. */
  private head: readonly unknown[] = []
  private route: string | undefined
  private thrown: { readonly value: unknown } | undefined

  constructor(start: ExchangeStart<Request>) {
    this.start = start
    this.context = start.operation.context
    const { req, res, isHttp2, framework, request } = start
    this.progress = new ResponseProgress(res, isHttp2)
    const prototypes = framework.prototypes?.(request)
    setExchange(req, this, prototypes !== undefined)
    hookStreams(req, res, prototypes)
    res.on('close', endExchange)
    if (start.metrics.measuresBodies) this.bodies = new BodySizes(start.req, start.res)
    this.closeCount = start.metrics.open(start.operation.attributes, this.context)
    addOpenRequest(this, start.endOnShutdown)
    if (!isHttp2) this.stopWatching = watchWaiting(req, res as ServerResponse, this)
    if (this.progress.isClosed) this.end()
  }

  run<T>(work: () => T): T {
    return this.context ? contextApi.with(this.context, work) : work()
  }

  recordError(error: unknown): void {
    if (this.thrown && this.thrown.value === error) return
    const replaced = this.thrown
    this.thrown = { value: error }
    // The last one decides about the outcome; those before it would be lost.
    if (replaced && this.start.recordExceptions && !isMeantForClient(replaced.value)) {
      this.start.operation.span.recordException(exceptionOf(replaced.value))
    }
  }

  addEvent(name: string, attributes?: Attributes): void {
    this.start.operation.span.addEvent(name, attributes)
  }

  /** Emits an event of the request or the response in the request's context. */
  emit(emitter: Emitter, emit: Method, args: readonly unknown[]): unknown {
    const { context } = this
    if (!context || emitter.listenerCount(args[0]) === 0 || this.isActive()) {
      return Reflect.apply(emit, emitter, args)
    }
    return contextApi.with(context, () => Reflect.apply(emit, emitter, args))
  }

  emitOfRequest(req: Emitter, emit: Method, args: readonly unknown[]): unknown {
    if (this.bodies && args[0] === 'data') this.bodies.add(args[1])
    const result = this.emit(req, emit, args)
    if (args[0] === 'close' && this.start.operation.ended) this.release()
    return result
  }

  /** The span ends after what listeners for `close` do. */
  emitOfResponse(res: Emitter, emit: Method, args: readonly unknown[]): unknown {
    if (args[0] === 'finish') this.progress.noteFinish()
    if (args[0] !== 'close') return this.emit(res, emit, args)
    this.isClosing = true
    try {
      return this.emit(res, emit, args)
    } finally {
      this.end()
    }
  }

  /** The response was closed, perhaps where a framework has taken our `emit` away. */
  closed(): void {
    if (!this.isClosing) this.end()
  }

  /** The response is about to begin. */
  writeHead(res: unknown, writeHead: Method, args: readonly unknown[]): unknown {
    const { exposed, operation, responseHeaders } = this.start
    this.readRoute()
    let head = args
    if (!responseHeaders.isEmpty) this.head = args
    try {
      if (exposed) head = exposed.addTo(this.start.res, operation.span, args)
    } catch (error) {
      reportFailure('exposing the trace', error)
    }
    const written = Reflect.apply(writeHead, res, head)
    this.progress.noteHead(args[0])
    return written
  }

  describe(): RequestInFlight {
    const { operation, req, request, framework } = this.start
    const route = this.route ?? this.currentRoute()
    return describeRequest(req.method, route, framework.url(request), this.openedAt, operation.span)
  }

  endUnfinished(): void {
    this.end(unfinished(this.progress))
  }

  /** The connection is gone. */
  leftWaiting(): void {
    this.end()
  }

  private ending(): Ending {
    // It waited for its turn until the connection was gone.
    if (this.stopWatching && !this.start.res.socket) this.progress.noteUnsent()
    return endingOf(this.progress, this.thrown)
  }

  /** True when what runs now belongs to this request, in a span of its own perhaps. */
  private isActive(): boolean {
    return contextApi.active().getValue(REQUEST_TOKEN) === this.start.token
  }

  private readRoute(): void {
    this.route ??= this.currentRoute()
  }

  private currentRoute(): string | undefined {
    return routeOf(this.start.framework, this.start.request, this.routes)
  }

  private end(ending: Ending = this.ending()): void {
    const { operation, metrics } = this.start
    if (operation.ended) return
    removeOpenRequest(this)
    const { context } = operation
    operation.end(ending, this.lateAttributes())
    this.closeCount?.()
    this.stopWatching?.()
    if (this.bodies)
      metrics.recordBodies(this.bodies, operation.attributes, operation.metricAttributes, context)
    // A body that is still coming emits in the context of the request too.
    if (this.start.req.destroyed) this.release()
  }

  private release(): void {
    this.context = undefined
    releaseExchange(this.start.req)
  }

  /** Node keeps no header that came with the head alone. */
  private headerOf(name: string): HeaderValue {
    return this.start.res.getHeader(name) ?? valueGivenIn(this.head, name)
  }

  private lateAttributes(): Attributes {
    const { operation, method, responseHeaders } = this.start
    this.readRoute()
    const late: Attributes = {}
    const { statusCode } = this.progress
    if (statusCode !== undefined) late[ATTR_HTTP_RESPONSE_STATUS_CODE] = statusCode
    if (this.route !== undefined) {
      late[ATTR_HTTP_ROUTE] = this.route
      operation.rename(`${method} ${this.route}`)
    }
    try {
      if (!responseHeaders.isEmpty) responseHeaders.write(late, name => this.headerOf(name))
    } catch (error) {
      reportFailure('capturing headers', error)
    }
    return late
  }
}

function endExchange(this: ServerAnswer): void {
  const exchange = exchangeOf(this.req)
  if (exchange instanceof HttpExchange) exchange.closed()
}
