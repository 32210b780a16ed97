import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'

import { type Attributes, type Context, context as contextApi, type Span } from '@opentelemetry/api'

import { type CurrentRequest, emitWithin, readWithin, type RequestToken, tokenOf } from './current-request.ts'
import type { HttpDescription, RequestFacts } from './description.ts'
import { decides, endingOf, type Thrown, unfinished } from './ending.ts'
import type { ExposedTrace } from './response/exposed-trace.ts'
import type { Exchange, ServerAnswer, ServerRequest } from './framework.ts'
import { addOpenRequest, type OpenRequest, removeOpenRequest } from './open-requests.ts'
import { releaseExchange, setExchange } from './open-requests.ts'
import { attempt, guardMethods } from '../../host/guard.ts'
import { isRecording, writeTo } from '../../host/span.ts'
import type { HttpMetrics } from '../metrics.ts'
import type { HttpServerRecord } from './options.ts'
import { type Ending, SUCCESS } from '../../operation/outcome.ts'
import { NOTHING_KNOWN, type SpanOwner } from './owner.ts'
import { isHandover, isServed, watchDetached, watchHandover, watchWaiting } from './response/connection.ts'
import type { ResponseProgress } from './response/progress.ts'
import { type Emitter, listenForClose, type Method, type Sending, tap, type Tapped } from './response/tap.ts'
import { Transfer } from './response/transfer.ts'

/** What the exchanges of one server share. */
export interface ExchangeSettings<Request, Routes> {
  readonly description: HttpDescription<Request, Routes>
  readonly exposed: ExposedTrace | undefined
  readonly metrics: HttpMetrics<HttpServerRecord<Request>>
  readonly stages: boolean
  readonly endOnShutdown: boolean
}

/** The life of one traced request, until its response closes. */
export class HttpExchange<Request, Routes> implements Exchange<Routes>, CurrentRequest, OpenRequest, Tapped {
  readonly traced = true
  readonly tapsItself: boolean
  before: OpenRequest | undefined
  after: OpenRequest | undefined
  private readonly settings: ExchangeSettings<Request, Routes>
  private readonly owner: SpanOwner
  private readonly progress: ResponseProgress
  readonly req: ServerRequest
  readonly facts: RequestFacts<Request, Routes>
  private readonly token: RequestToken | undefined
  /** Context of the request, while one of its streams can still emit events. */
  private context: Context | undefined
  readonly openedAt: number = performance.now()
  private readonly transfer: Transfer | undefined
  private readonly closeCount: (() => void) | undefined
  private readonly stopWatching: (() => void) | undefined
  private readonly isUpgrade: boolean = false
  private isClosing = false
  private isOver = false
  private thrown: Thrown

  constructor(
    settings: ExchangeSettings<Request, Routes>,
    owner: SpanOwner,
    req: ServerRequest,
    facts: RequestFacts<Request, Routes>,
  ) {
    const { description, metrics, stages, endOnShutdown } = settings
    const { progress } = facts
    const { res } = progress
    this.settings = settings
    this.owner = owner
    this.progress = progress
    this.req = req
    this.facts = facts
    this.context = owner.context
    this.token = tokenOf(owner.context)
    if (this.token) this.token.current = this
    const prototypes = description.prototypesOf(facts.request)
    setExchange(req, res, this)
    this.tapsItself = attempt('following a response', tap, req, res, prototypes) ?? false
    listenForClose(res, owner.isOurs)
    const started = stages && isRecording(owner.span) ? owner.span : undefined
    if (started || metrics.measuresBodies) this.transfer = new Transfer(req, progress, started)
    this.closeCount = metrics.begin(owner.attributes, owner.context)
    addOpenRequest(this, endOnShutdown)
    if (!progress.isHttp2) {
      this.stopWatching = watchWaiting(req, res as ServerResponse, this)
      this.isUpgrade = attempt('following a connection', watchHandover, req, res, this) ?? false
    }
    if (progress.isClosed) this.end()
  }

  get routes(): Routes | undefined {
    return this.facts.routes
  }

  set routes(routes: Routes | undefined) {
    this.facts.routes = routes
  }

  get span(): Span {
    return this.owner.span
  }

  run<T>(work: () => T): T {
    const result = this.context ? contextApi.with(this.context, work) : work()
    if (!this.owner.isOurs && result instanceof Promise) {
      void result.then(
        () => this.tellOwner(this.progress.res.statusCode),
        () => this.tellOwner(),
      )
    }
    return result
  }

  setRoute(pattern: string): void {
    this.facts.setRoute(pattern)
    if (!this.owner.isOurs) this.tellOwner()
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
    if (this.transfer && args[0] === 'data') this.transfer.addRead(args[1])
    const result = this.emit(req, emit, args)
    if (args[0] === 'close' && this.isOver) this.release()
    return result
  }

  emitOfResponse(res: Emitter, emit: Method, args: readonly unknown[]): unknown {
    if (!this.noteEvent(args)) return this.emit(res, emit, args)
    if (!this.owner.isOurs) this.end()
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
    const statusCode = this.progress.statusOf(args)
    if (isHandover(this.facts.method, statusCode)) this.handedOver(statusCode)
    return written
  }

  send(res: ServerAnswer, name: Sending, send: Method, args: readonly unknown[]): unknown {
    this.transfer?.noteSent(name, args)
    const sent = name === 'write' ? (this.progress.noteWrite(args) ?? args) : args
    const result = Reflect.apply(send, res, sent)
    this.transfer?.noteStart()
    return result
  }

  detached(res: ServerAnswer, socket: unknown): void {
    if (this.isOver || res.writableEnded) return
    if (res.headersSent) return this.handedOver(res.statusCode)
    attempt('following a connection', watchDetached, socket as ServerRequest['socket'], res, this)
  }

  /** The connection now belongs to another protocol. */
  handedOver(statusCode: number): void {
    if (this.isOver) return
    this.progress.noteHandover(statusCode)
    this.end()
    // The new owner of the connection may retain the request for as long.
    this.release()
  }

  /**
   * The response was closed. Also called when a framework has removed our `emit`, or the connection closed before the
   * response's turn.
   */
  closed(): void {
    if (!this.isClosing) this.end()
  }

  endUnfinished(): void {
    this.end(attempt('reading a response', unfinished, this.progress), true)
  }

  /** @returns true when this event ends the response */
  private noteEvent(args: readonly unknown[]): boolean | undefined {
    const event = args[0]
    if (event === 'close') return true
    if (event === 'pipe' && this.owner.isOurs && this.context) readWithin(this.context, args[1] as Readable)
    if (event !== 'finish' || this.progress.isHttp2) return false
    this.progress.noteFinish(this.req.socket?.destroyed)
    return !isServed(this.req, this.isUpgrade)
  }

  private emit(emitter: Emitter, emit: Method, args: readonly unknown[]): unknown {
    const context = this.owner.isOurs ? this.context : undefined
    return emitWithin(context, emitter, emit, args)
  }

  private end(known?: Ending, isUnfinished = false): void {
    if (this.isOver) return
    this.isOver = true
    if (this.token) this.token.current = undefined
    removeOpenRequest(this)
    const { owner } = this
    const { context } = owner
    const ending = known ?? this.ending() ?? SUCCESS
    const description = this.facts.atEnd() ?? NOTHING_KNOWN
    if (isUnfinished) owner.endUnfinished(ending, description)
    else owner.end(ending, description)
    this.closeCount?.()
    this.stopWatching?.()
    const { measured } = owner
    if (this.transfer && measured) this.settings.metrics.recordBodies(this.transfer, measured, context)
    // A request body that is still arriving also emits in the context of the request.
    if (this.req.destroyed) this.release()
  }

  private ending(): Ending | undefined {
    // The connection closed before the response's turn.
    if (this.stopWatching && !this.progress.res.socket) this.progress.noteUnsent()
    return endingOf(this.progress, this.thrown)
  }

  /** @returns the arguments to write the head with, if they change */
  private headFor(res: ServerAnswer, head: readonly unknown[]): readonly unknown[] | undefined {
    const { owner, progress, facts, thrown } = this
    facts.readRoute()
    if (!owner.isOurs) owner.noteHead(facts.soFar(), progress.statusOf(head) >= 500 ? thrown : undefined)
    return this.settings.exposed?.addTo(res, owner.span, head)
  }

  private release(): void {
    this.context = undefined
    releaseExchange(this.req, this.progress.res)
  }

  /** Another instrumentation may end its span before the response. */
  private tellOwner(statusCode?: number): void {
    if (this.isOver) return
    this.owner.noteHead(this.facts.soFar(statusCode), undefined)
  }
}

guardMethods('reading a request', HttpExchange, 'recordError', 'tellOwner')
guardMethods('reading a response', HttpExchange, 'headFor', 'ending', 'noteEvent')
