import { type Context, context } from '@opentelemetry/api'
import { type ClientRequest, copyOver, type HttpClient, type PerCall } from '@spanwright/core'

import { TracedHandler } from './handler.ts'
import { TracedLegacyHandler } from './legacy-handler.ts'
import type { OriginSource } from './origin.ts'
import { pathOf } from './path.ts'
import { markRequest, perCall, TRACED } from './request-mark.ts'
import type { Dispatch, DispatchOptions, Handler, LegacyHandler } from './undici-types.ts'

/** What the attempts of one call have in common: they are siblings under the span of the caller. */
export interface Call {
  readonly parent: Context
  readonly perCall: PerCall | undefined
  /** What the caller can call it off with. */
  readonly signal: unknown
  attempts: number
}

/** Calls by the handler that interceptors above send again with, for as long as undici holds it. */
const calls = new WeakMap<object, Call>()

/** Sends requests, each with a span of its own. */
export class TracedDispatch {
  private readonly client: HttpClient
  private readonly dispatch: Dispatch

  constructor(client: HttpClient, dispatch: Dispatch) {
    this.client = client
    this.dispatch = dispatch
  }

  /**
   * Sends one request.
   * @param source where the origin comes from when the options do not hold it
   * @param known the call that the request is an attempt of; told from the handler when it is absent
   */
  send(
    options: DispatchOptions,
    handler: AnyHandler,
    source: OriginSource | undefined,
    known?: Call,
  ): boolean {
    if (!isTraceable(options, handler)) return this.dispatch(options, handler)
    const origin = options.origin ?? source?.known
    const call = known ?? callOf(options, handler)
    if (origin !== undefined) return this.sendTo(String(origin), options, handler, call)
    return source ? this.discover(source, options, handler, call) : this.dispatch(options, handler)
  }

  private sendTo(origin: string, options: Traceable, handler: AnyHandler, call: Call): boolean {
    const path = pathOf(options)
    const request = this.start(origin, path, options, options.headers, call)
    // What undici 7 has adapted is handed on in its old form even so: it would be adapted twice.
    if (!request && !isAdapted(handler)) return this.dispatch(options, handler)
    const traced = tracedHandler(handler, options.method, path, call)
    if (!request) return this.dispatch(options, traced)
    traced.request = request
    try {
      return this.dispatch(withMark(options, request.headers), traced)
    } catch (error) {
      request.failed(error, false)
      throw error
    }
  }

  /** The dispatcher knows where it sends to, its interceptors do not: the span is started when undici shows it. */
  private discover(source: OriginSource, options: Traceable, handler: AnyHandler, call: Call): boolean {
    const path = pathOf(options)
    const traced = tracedHandler(handler, options.method, path, call)
    try {
      return source.discover(
        options.method,
        created => {
          traced.request = this.start(String(created.origin), path, options, created.headers, call)
          return traced.request?.headers
        },
        () => this.dispatch(withMark(options, options.headers), traced),
      )
    } catch (error) {
      traced.request?.failed(error, false)
      throw error
    }
  }

  private start(
    origin: string,
    path: string,
    { method }: Traceable,
    headers: unknown,
    call: Call,
  ): ClientRequest | undefined {
    const request = this.client.start({
      method,
      origin,
      path,
      headers,
      parent: call.parent,
      resendCount: call.attempts++,
      perCall: call.perCall,
    })
    request?.whenOver(markRequest(method, path, request.injected))
    return request
  }
}

/** A copy of the options, marked as traced. */
function withMark(options: Traceable, headers: unknown): Traceable {
  const marked = copyOver<Record<string | symbol, unknown>>({ [TRACED]: true, headers: undefined }, options)
  marked['headers'] = headers
  return marked as unknown as Traceable
}

function tracedHandler(
  handler: AnyHandler,
  method: string,
  path: string,
  { signal }: Call,
): TracedHandler | TracedLegacyHandler {
  return isLegacy(handler)
    ? new TracedLegacyHandler(handler, method, path, signal)
    : new TracedHandler(handler, method, path, signal)
}

function callOf(options: DispatchOptions, handler: object): Call {
  const isRemembered = !isOfOneAttempt(handler)
  const known = isRemembered ? calls.get(handler) : undefined
  if (known) return known
  const call: Call = {
    parent: context.active(),
    perCall: options[perCall] as PerCall | undefined,
    signal: undefined,
    attempts: 0,
  }
  if (isRemembered) calls.set(handler, call)
  return call
}

/** Those of `request()` and the like are done with their first failure; what sends again puts one of its own before them. */
function isOfOneAttempt(handler: object): boolean {
  const name = handler.constructor?.name
  return name === 'RequestHandler' || name === 'WrapHandler'
}

type AnyHandler = Handler | LegacyHandler
type Traceable = DispatchOptions & { readonly method: string; readonly path: string }

/** False for what undici is going to refuse, and for what is traced already. */
function isTraceable(options: DispatchOptions, handler: AnyHandler): options is Traceable {
  if (typeof options !== 'object' || options === null || typeof handler !== 'object' || handler === null) {
    return false
  }
  const { method, path } = options
  if (options[TRACED] === true || typeof method !== 'string' || typeof path !== 'string') return false
  return isLegacy(handler)
    ? typeof handler.onConnect === 'function' && typeof handler.onError === 'function'
    : typeof handler.onResponseError === 'function'
}

function isLegacy(handler: AnyHandler): handler is LegacyHandler {
  return typeof (handler as Handler).onRequestStart !== 'function' || isAdapted(handler)
}

/** Undici 7 adapts handlers of the old form, and takes back what it adapted: that spares converting headers twice. */
function isAdapted(handler: AnyHandler): boolean {
  return handler.constructor?.name === 'WrapHandler' && 'onHeaders' in handler
}
