import { type ClientRequest, guardMethods } from '@spanwright/core/plugin'

import { sentOver, type SentHeaders } from '../process/connection.ts'
import type { LateRequest } from './late-start.ts'
import type { Witness } from './below.ts'
import type { Assumption } from '../process/origin.ts'
import type { Call } from '../call.ts'
import { lookUpRaw } from '../response-headers.ts'
import { reasonOf, wasFetchCalledOff } from '../signal.ts'

/** Ends the spans of responses whose body has been garbage-collected. */
const unreachable = new FinalizationRegistry<Unread>(({ request, pausedAt }) => request.abandoned(pausedAt))

interface Unread {
  readonly request: ClientRequest
  readonly pausedAt: number
}

/** Keeps a handler alive as long as the body it feeds. */
const feeders = new WeakMap<object, object>()

/** The response body that `request()` returns to the caller. */
interface Body {
  readonly readableFlowing: boolean | null
  readonly readableDidRead: boolean
  listenerCount(event: string): number
}

/** Replaces the handler of a traced request. */
export abstract class Follower<Handler extends object> {
  readonly method: string
  readonly path: string
  /** Absent until the span is started. */
  request: ClientRequest | undefined
  /** The assumed destination of the request, until another one is observed. */
  assumption: Assumption | undefined
  /** Present when the span is started once undici creates the request. */
  late: LateRequest | undefined
  /** Present when the request shows whether the dispatcher below copies options. */
  witness: Witness | undefined
  /** Called when a request without a span has ended. */
  whenOver: (() => void) | undefined
  private readonly signal: unknown
  private readonly isFetch: boolean
  private held: Handler | undefined
  private heldWeakly: WeakRef<Handler> | undefined

  constructor(handler: Handler, method: string, path: string, { signal, isFetch }: Call) {
    this.held = handler
    this.method = method
    this.path = path
    this.signal = signal
    this.isFetch = isFetch
  }

  /** Undici wrote the request to a connection. */
  written(sent: SentHeaders): void {
    const { request, assumption } = this
    this.witness?.settle()
    if (!request) return
    assumption?.compare(request, sent.request)
    sentOver(request, sent)
  }

  protected responded<Headers>(
    statusCode: number,
    headers: Headers,
    valueOf: (headers: Headers, name: string) => string | readonly string[] | undefined,
  ): void {
    const { request, late } = this
    late?.answered()
    const received = late?.received
    if (!received || received.statusCode === statusCode)
      return request?.responded(statusCode, headers, valueOf)
    // A cache serves its own response because of this one.
    request?.responded(received.statusCode, received.headers, lookUpRaw)
    request?.succeeded()
  }

  protected succeeded(): void {
    this.request?.succeeded()
    this.whenOver?.()
  }

  /** @param wasAborted true when it was cancelled by code above the connection */
  protected failed(error: unknown, wasAborted: boolean): void {
    const { signal, isFetch, late } = this
    // An interceptor has made the error of a response.
    const isAnswer = typeof (error as { statusCode?: unknown } | null | undefined)?.statusCode === 'number'
    const request = this.request ?? (isAnswer ? undefined : late?.failed())
    const received = late?.received
    if (received && request?.hasResponse === false)
      request.responded(received.statusCode, received.headers, lookUpRaw)
    const isCalledOff = wasAborted && (!isFetch || wasFetchCalledOff(signal, request?.hasResponse === true))
    request?.failed(reasonOf(error, signal), isCalledOff)
    this.whenOver?.()
  }

  /** Undefined when nothing can observe it any more. */
  protected get handler(): Handler | undefined {
    return this.held ?? this.heldWeakly?.deref()
  }

  /** Called when undici stops reading because the body is not consumed. */
  protected letGo(body: unknown): void {
    const { held, request } = this
    // Undici retains a paused response, and with it the caller's body, for as long as the connection.
    if (!held || !request?.isOpen || !isUntouched(body)) return
    feeders.set(body, held)
    this.heldWeakly = new WeakRef(held)
    this.held = undefined
    unreachable.register(body, { request, pausedAt: performance.now() }, this)
  }

  /** Called when the body is consumed after all, before any of it arrives. */
  protected takeHold(): void {
    if (!this.heldWeakly) return
    this.held = this.heldWeakly.deref()
    this.heldWeakly = undefined
    unreachable.unregister(this)
  }
}

guardMethods(
  'following a request',
  Follower,
  'written',
  'responded',
  'succeeded',
  'failed',
  'letGo',
  'takeHold',
)

/** True when the caller has not started to use a body, and so could not notice its disappearance. */
function isUntouched(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || !('dump' in value) || !('bodyUsed' in value))
    return false
  const body = value as unknown as Body
  return (
    body.readableFlowing === null &&
    !body.readableDidRead &&
    ['data', 'readable', 'end', 'error'].every(event => body.listenerCount(event) === 0)
  )
}
