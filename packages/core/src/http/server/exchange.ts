import type { ServerResponse } from 'node:http'

import { type Attributes, type Context, context as contextApi, createContextKey } from '@opentelemetry/api'

import { BodySizes } from './response/body-sizes.ts'
import type { HttpDescription } from './description.ts'
import { decides, endingOf, type Thrown, unfinished } from './ending.ts'
import type { ExposedTrace } from './response/exposed-trace.ts'
import type { Exchange, ServerAnswer, ServerRequest } from './framework.ts'
import { exchangeOf, releaseExchange, setExchange } from './open-exchanges.ts'
import { attempt, guardMethods } from '../../host/guard.ts'
import { isRecording, writeTo } from '../../host/span.ts'
import type { HttpServerMetrics } from './metrics.ts'
import type { HttpServerRecord } from './options.ts'
import { type Ending, SUCCESS } from '../../operation/outcome.ts'
import { type Description, NOTHING_KNOWN, type SpanOwner } from './owner.ts'
import {
  addOpenRequest,
  describeRequest,
  type OpenRequest,
  removeOpenRequest,
  type RequestInFlight,
} from './requests-in-flight.ts'
import { ATTR_HTTP_ROUTE, EVENT_RESPONSE_START } from '../../semconv/http.ts'
import type { ResponseProgress } from './response/progress.ts'
import { type Emitter, type Method, type Sending, tap, type Tapped, tapSending } from './response/tap.ts'
import { watchWaiting } from './response/waiting-responses.ts'

/** Under this key the context of a request holds a token of it, by which its work is known. */
export const REQUEST_TOKEN: symbol = createContextKey('spanwright.request')

/** What the exchanges of one server share. */
export interface ExchangeSettings<Request, Routes> {
  readonly description: HttpDescription<Request, Routes>
  readonly exposed: ExposedTrace | undefined
  readonly metrics: HttpServerMetrics<HttpServerRecord<Request>>
  readonly stages: boolean
  readonly endOnShutdown: boolean
}

/** The life of one traced request, until its response is closed. */
export class HttpExchange<Request, Routes> implements Exchange<Routes>, OpenRequest, Tapped {
  readonly traced = true
  readonly tapsItself: boolean
  routes: Routes | undefined
  before: OpenRequest | undefined
  after: OpenRequest | undefined
  private readonly settings: ExchangeSettings<Request, Routes>
  private readonly owner: SpanOwner
  private readonly progress: ResponseProgress
  private readonly req: ServerRequest
  private readonly request: Request
  private readonly method: string
  /** Context of the request, as long as one of its streams can still emit something. */
  private context: Context | undefined
  private readonly openedAt: number = performance.now()
  private readonly bodies: BodySizes | undefined
  private readonly closeCount: (() => void) | undefined
  private readonly stopWatching: (() => void) | undefined
  private isClosing = false
  private isOver = false
  /** True until the first byte of the response leaves, where that is to become an event. */
  private awaitsStart: boolean
  private route: string | undefined
  private isRouteFinal = false
  private thrown: Thrown

  /** @param method first word of the span name */
  constructor(
    settings: ExchangeSettings<Request, Routes>,
    owner: SpanOwner,
    req: ServerRequest,
    progress: ResponseProgress,
    request: Request,
    method: string,
  ) {
    const { description, metrics, stages, endOnShutdown } = settings
    const { res } = progress
    this.settings = settings
    this.owner = owner
    this.progress = progress
    this.req = req
    this.request = request
    this.method = method
    this.context = owner.isOurs ? owner.context : undefined
    const prototypes = description.prototypesOf(request)
    setExchange(req, this, prototypes !== undefined)
    this.tapsItself = attempt('following a response', tap, req, res, prototypes) ?? false
    // A response that is not of Node may lead to no request.
    const close = prototypes || res.req === req ? closeExchange : (): void => this.closed()
    // Another instrumentation ends its span in a listener, before which it has to be complete.
    if (owner.isOurs) res.on('close', close)
    else res.prependListener('close', close)
    if (metrics.measuresBodies) this.bodies = new BodySizes(req, res)
    this.awaitsStart = stages && isRecording(owner.span)
    if (this.bodies || this.awaitsStart) attempt('following a response', tapSending, res)
    this.closeCount = metrics.open(owner.attributes, owner.context)
    addOpenRequest(this, endOnShutdown)
    if (!progress.isHttp2) this.stopWatching = watchWaiting(req, res as ServerResponse, this)
    if (progress.isClosed) this.end()
  }

  run<T>(work: () => T): T {
    return this.context ? contextApi.with(this.context, work) : work()
  }

  recordError(error: unknown): void {
    const before = this.thrown
    if (!decides(error, before)) return
    this.thrown = { value: error }
    this.owner.noteThrown(this.thrown, before)
  }

  addEvent(name: string, attributes?: Attributes): void {
    writeTo(this.owner.span, 'addEvent', name, attributes)
  }

  emitOfRequest(req: Emitter, emit: Method, args: readonly unknown[]): unknown {
    if (this.bodies && args[0] === 'data') this.bodies.addRead(args[1])
    const result = this.emit(req, emit, args)
    if (args[0] === 'close' && this.isOver) this.release()
    return result
  }

  emitOfResponse(res: Emitter, emit: Method, args: readonly unknown[]): unknown {
    if (args[0] === 'finish') this.progress.noteFinish()
    if (args[0] !== 'close' || !this.owner.isOurs) return this.emit(res, emit, args)
    this.isClosing = true
    try {
      return this.emit(res, emit, args)
    } finally {
      this.end()
    }
  }

  writeHead(res: ServerAnswer, writeHead: Method, args: readonly unknown[]): unknown {
    const written = Reflect.apply(writeHead, res, this.headFor(res, args) ?? args)
    this.progress.noteHead(args)
    return written
  }

  send(res: ServerAnswer, name: Sending, send: Method, args: readonly unknown[]): unknown {
    if (name !== 'flushHeaders') this.bodies?.addWritten(args[0], args[1], name === 'end')
    const result = Reflect.apply(send, res, args)
    // `writeHead` alone only keeps the head.
    if (this.awaitsStart && res.headersSent) {
      this.awaitsStart = false
      this.addEvent(EVENT_RESPONSE_START)
    }
    return result
  }

  /** The response was closed, perhaps where a framework has taken our `emit` away, or its connection before its turn. */
  closed(): void {
    if (!this.isClosing) this.end()
  }

  describe(): RequestInFlight {
    const { description } = this.settings
    const route = this.route ?? description.routeOf(this.request, this.routes)
    const url = description.urlOf(this.request)
    return describeRequest(this.req.method, route, url, this.openedAt, this.owner.span)
  }

  endUnfinished(): void {
    this.end(attempt('reading a response', unfinished, this.progress), true)
  }

  /** Emits an event of the request or the response in the request's context. */
  private emit(emitter: Emitter, emit: Method, args: readonly unknown[]): unknown {
    const { context } = this
    if (!context || emitter.listenerCount?.(args[0]) === 0 || isActive(context)) {
      return Reflect.apply(emit, emitter, args)
    }
    return contextApi.with(context, () => Reflect.apply(emit, emitter, args))
  }

  private end(known?: Ending, isUnfinished = false): void {
    if (this.isOver) return
    this.isOver = true
    removeOpenRequest(this)
    const { owner } = this
    const { context } = owner
    const ending = known ?? this.ending() ?? SUCCESS
    const description = this.description() ?? NOTHING_KNOWN
    if (isUnfinished) owner.endUnfinished(ending, description)
    else owner.end(ending, description)
    this.closeCount?.()
    this.stopWatching?.()
    const { measured } = owner
    if (this.bodies && measured) this.settings.metrics.recordBodies(this.bodies, measured, context)
    // A body that is still coming emits in the context of the request too.
    if (this.req.destroyed) this.release()
  }

  private ending(): Ending | undefined {
    // It waited for its turn until the connection was gone.
    if (this.stopWatching && !this.progress.res.socket) this.progress.noteUnsent()
    return endingOf(this.progress, this.thrown)
  }

  private release(): void {
    this.context = undefined
    releaseExchange(this.req)
  }

  /** The route is that of the time when the response began. */
  private readRoute(): void {
    if (this.isRouteFinal) return
    this.route = this.settings.description.routeOf(this.request, this.routes)
    this.isRouteFinal = this.route !== undefined || this.progress.res.headersSent
  }

  /** @returns what the head is to be written with, if that is something else */
  private headFor(res: ServerAnswer, head: readonly unknown[]): readonly unknown[] | undefined {
    const { owner, progress, thrown } = this
    this.readRoute()
    if (!owner.isOurs) owner.noteHead(this.named({}), progress.statusOf(head) >= 500 ? thrown : undefined)
    return this.settings.exposed?.addTo(res, owner.span, head)
  }

  /** What is known besides the start, once the response is over. */
  private description(): Description | undefined {
    this.readRoute()
    const attributes: Attributes = {}
    this.settings.description.writeResponse(attributes, this.progress)
    return this.named(attributes)
  }

  private named(attributes: Attributes): Description {
    const { route } = this
    if (route === undefined) return { name: undefined, attributes }
    attributes[ATTR_HTTP_ROUTE] = route
    return { name: `${this.method} ${route}`, attributes }
  }
}

guardMethods('reading a request', HttpExchange, 'recordError', 'describe')
guardMethods('reading a response', HttpExchange, 'headFor', 'ending', 'description')

/** True when what runs now belongs to the request of a context, in a span of its own perhaps. */
function isActive(context: Context): boolean {
  return contextApi.active().getValue(REQUEST_TOKEN) === context.getValue(REQUEST_TOKEN)
}

function closeExchange(this: ServerAnswer): void {
  const exchange = exchangeOf(this.req)
  if (exchange instanceof HttpExchange) exchange.closed()
}
