import { type ClientRequest, guardMethods } from '@spanwright/core/plugin'

import { sentOver, type SentHeaders } from '../process/connection.ts'
import type { Assumption } from '../process/origin.ts'
import type { Call } from '../call.ts'
import { reasonOf, wasFetchCalledOff } from '../signal.ts'

/** Ends the spans of responses whose body nobody can reach any more. */
const unreachable = new FinalizationRegistry<Unread>(({ request, pausedAt }) => request.abandoned(pausedAt))

interface Unread {
  readonly request: ClientRequest
  readonly pausedAt: number
}

/** A handler lives as long as the body it feeds, whoever else lets go of it. */
const feeders = new WeakMap<object, object>()

/** The body of a response to `request()`, as it is handed to the caller. */
interface Body {
  readonly readableFlowing: boolean | null
  readonly readableDidRead: boolean
  listenerCount(event: string): number
}

/** Stands in the place of the handler of a traced request. */
export abstract class Follower<Handler extends object> {
  readonly method: string
  readonly path: string
  /** Absent until the span is started. */
  request: ClientRequest | undefined
  /** Where the request goes, as long as nothing else is seen. */
  assumption: Assumption | undefined
  /** Called when a request without a span is over. */
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

  /** Undici has written the request to a connection. */
  written(sent: SentHeaders): void {
    const { request, assumption } = this
    if (!request) return
    assumption?.compare(request, sent.request)
    sentOver(request, sent)
  }

  protected succeeded(): void {
    this.request?.succeeded()
    this.whenOver?.()
  }

  /** @param wasAborted true when it was ended from above the connection */
  protected failed(error: unknown, wasAborted: boolean): void {
    const { request, signal, isFetch } = this
    const isCalledOff = wasAborted && (!isFetch || wasFetchCalledOff(signal, request?.hasResponse === true))
    request?.failed(reasonOf(error, signal), isCalledOff)
    this.whenOver?.()
  }

  /** Undefined when nobody is left who could notice what it does. */
  protected get handler(): Handler | undefined {
    return this.held ?? this.heldWeakly?.deref()
  }

  /** Called when undici stops to read because nobody takes the body. */
  protected letGo(body: unknown): void {
    const { held, request } = this
    // Undici keeps a paused response for as long as the connection, and the caller's body with it.
    if (!held || !request?.isOpen || !isUntouched(body)) return
    feeders.set(body, held)
    this.heldWeakly = new WeakRef(held)
    this.held = undefined
    unreachable.register(body, { request, pausedAt: performance.now() }, this)
  }

  /** Called when somebody takes the body after all, before anything of it arrives. */
  protected takeHold(): void {
    if (!this.heldWeakly) return
    this.held = this.heldWeakly.deref()
    this.heldWeakly = undefined
    unreachable.unregister(this)
  }
}

guardMethods('following a request', Follower, 'written', 'succeeded', 'failed', 'letGo', 'takeHold')

/** True when the caller has not begun to do anything with a body, and could not notice that it is gone. */
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
