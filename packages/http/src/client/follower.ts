import type { ClientRequest as NodeRequest, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'

import { type ClientRequest, guardMethods } from '@spanwright/core/plugin'
import { EVENT_REQUEST_END, EVENT_RESPONSE_START } from '@spanwright/core/semconv'

import { noteConnection, whenConnected } from './connection.ts'
import {
  destroyRequest,
  destroyResponse,
  emit,
  type Followed,
  FOLLOWER,
  type Method,
  methodOf,
  noteTimeout,
  push,
  setTimeoutOfResponse,
} from './methods.ts'
import { type Attempt, type Expected, redirectOf, whileExpecting } from './resends.ts'

/** Error codes with which clients end a request that timed out. */
const TIMEOUTS: ReadonlySet<unknown> = new Set(['ETIMEDOUT', 'ESOCKETTIMEDOUT', 'ECONNABORTED'])

/** True when a request has a follower of any entry point. */
export function isFollowed(req: NodeRequest): boolean {
  return FOLLOWER in req
}

/**
 * Follows a request of `node:http` to its end, through its own methods: a listener would change how Node handles a
 * response, an upgrade or an error without listeners.
 */
export class Follower {
  private readonly req: NodeRequest
  private readonly request: ClientRequest
  private readonly attempt: Attempt
  private readonly connected: ((socket: Socket) => void) | undefined
  private readonly originals: Readonly<Record<'emit' | 'destroy', Method>>
  private body:
    | Readonly<Record<'push' | 'destroy' | 'setTimeout', Method> & { res: IncomingMessage }>
    | undefined
  private error: { readonly value: unknown } | undefined
  private hasStarted = false
  private isCalledOff = false
  private hasTimedOut = false

  private constructor(
    req: NodeRequest,
    request: ClientRequest,
    attempt: Attempt,
    connected: ((socket: Socket) => void) | undefined,
  ) {
    this.req = req
    this.request = request
    this.attempt = attempt
    this.connected = connected
    this.originals = { emit: methodOf(req, 'emit'), destroy: methodOf(req, 'destroy') }
  }

  /** @param connected receives the connection when it is open; needed only when its target is not known */
  static follow(
    req: NodeRequest,
    request: ClientRequest,
    attempt: Attempt,
    connected: ((socket: Socket) => void) | undefined,
  ): void {
    const follower = new Follower(req, request, attempt, connected)
    const target = req as Followed
    target[FOLLOWER] = follower
    target.emit = emit
    target.destroy = destroyRequest
  }

  emit(args: readonly unknown[]): unknown {
    const [event] = args
    this.noteEvent(event, args[1], args[2])
    const { req, originals } = this
    const maySendAgain = event === 'response' || event === 'error'
    const expected = maySendAgain ? this.expectedAfter(event, args[1]) : undefined
    return expected
      ? whileExpecting(expected, originals.emit, req, args)
      : Reflect.apply(originals.emit, req, args)
  }

  destroyRequest(args: readonly unknown[]): unknown {
    this.noteDestroyed(args[0])
    const result = Reflect.apply(this.originals.destroy, this.req, args)
    // A request waiting for a connection gets no event until it would obtain one.
    if (!this.req.socket) this.close()
    return result
  }

  push(args: readonly unknown[]): unknown {
    const { body } = this
    this.notePart(args[0])
    return body && Reflect.apply(body.push, body.res, args)
  }

  destroyResponse(args: readonly unknown[]): unknown {
    const { body } = this
    // Node itself destroys a response whose connection has closed.
    if (body?.res.socket?.destroyed === false) this.noteDestroyed(args[0])
    return body && Reflect.apply(body.destroy, body.res, args)
  }

  setTimeoutOfResponse(args: readonly unknown[]): unknown {
    const { body } = this
    // Node shows the timeout of a response to the response alone.
    body?.res.prependListener('timeout', noteTimeout)
    return body && Reflect.apply(body.setTimeout, body.res, args)
  }

  noteTimeout(): void {
    this.hasTimedOut = true
  }

  private noteEvent(event: unknown, value: unknown, other: unknown): void {
    if (event === 'socket') this.sentOver(value as Socket)
    else if (event === 'information') this.noteStart()
    else if (event === 'response') this.responded(value as IncomingMessage)
    else if (event === 'upgrade' || event === 'connect') this.handedOver(value as IncomingMessage, other)
    else if (event === 'finish') this.request.reached(EVENT_REQUEST_END)
    else if (event === 'timeout') this.noteTimeout()
    else if (event === 'error') this.failed(value)
    else if (event === 'close') this.close()
  }

  private sentOver(socket: Socket): void {
    const { req, request, connected } = this
    whenConnected(request, socket, req.reusedSocket, () => {
      connected?.(socket)
      noteConnection(request, socket)
    })
  }

  /** The request that listeners may send in the place of this one. */
  private expectedAfter(event: 'response' | 'error', value: unknown): Expected | undefined {
    return event === 'error' ? this.attempt : redirectOf(this.attempt, value as IncomingMessage)
  }

  /** The first bytes of a response have arrived, if only of an interim one. */
  private noteStart(): void {
    if (this.hasStarted) return
    this.hasStarted = true
    this.request.reached(EVENT_RESPONSE_START)
  }

  private responded(res: IncomingMessage): void {
    this.noteStart()
    this.request.responded(res.statusCode ?? 0, res.headers, valueOf)
    // The body may already have arrived.
    if (res.complete) return this.request.succeeded()
    this.body = {
      res,
      push: methodOf(res, 'push'),
      destroy: methodOf(res, 'destroy'),
      setTimeout: methodOf(res, 'setTimeout'),
    }
    const target = res as Followed
    target[FOLLOWER] = this
    target.push = push
    target.destroy = destroyResponse
    target.setTimeout = setTimeoutOfResponse
  }

  private handedOver(res: IncomingMessage, socket: unknown): void {
    // Without a listener Node closes the connection.
    if (!socket) return
    this.request.responded(res.statusCode ?? 0, res.headers, valueOf)
    this.request.succeeded()
  }

  private notePart(chunk: unknown): void {
    if (chunk === null) this.request.succeeded()
    else this.request.receivedBody((chunk as Uint8Array).byteLength)
  }

  private noteDestroyed(error: unknown): void {
    if (!this.request.isOpen) return
    this.isCalledOff = true
    if (error) this.error ??= { value: error }
  }

  private failed(error: unknown): void {
    this.error ??= { value: error }
    if (!this.body) this.end()
  }

  /** Nothing more will arrive. */
  private close(): void {
    if (this.body?.res.complete) this.request.succeeded()
    else this.end()
  }

  private end(): void {
    const { request, isCalledOff, hasTimedOut, body } = this
    if (!request.isOpen) return
    const value = this.error ? this.error.value : (body?.res.errored ?? CONNECTION_GONE)
    const isTimeout = hasTimedOut || TIMEOUTS.has((value as { code?: unknown } | null)?.code)
    request.failed(value, isCalledOff && !isTimeout)
  }
}

guardMethods(
  'following a request',
  Follower,
  'noteEvent',
  'expectedAfter',
  'notePart',
  'noteDestroyed',
  'close',
)

/** Used for an error that Node does not expose. */
const CONNECTION_GONE = Object.assign(new Error('the connection is gone'), { code: 'ECONNRESET' })

function valueOf(headers: IncomingMessage['headers'], name: string): string | string[] | undefined {
  return headers[name]
}
