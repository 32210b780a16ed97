import { type ClientRequest, copyOver, type HttpClient } from '@spanwright/core'

import { type Call, callOf } from './call.ts'
import { TracedHandler } from './handler.ts'
import { TracedLegacyHandler } from './legacy-handler.ts'
import { Assumption, type OriginSource } from './origin.ts'
import { pathOf } from './path.ts'
import { markRequest, TRACED } from './request-mark.ts'
import type { Dispatch, DispatchOptions, Handler, LegacyHandler } from './undici-types.ts'

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
    const call = known ?? callOf(options, handler)
    if (call.perCall?.ignore === true) return this.pass(options, handler, call)
    const { origin = null } = options
    if (origin !== null) return this.sendTo(String(origin), options, handler, call)
    const assumption = source?.known
    if (assumption) return this.sendTo(assumption.origin, options, handler, call, assumption)
    return source ? this.discover(source, options, handler, call) : this.dispatch(options, handler)
  }

  /** Sends a request that wants no span, which goes for whoever else traces it too. */
  private pass(options: Traceable, handler: AnyHandler, call: Call): boolean {
    const { method, origin, headers } = options
    const path = pathOf(options)
    const traced = tracedHandler(handler, method, path, call)
    traced.whenOver = markRequest(method, path, [], String(origin))
    try {
      return this.dispatch(withMark(options, headers), traced)
    } catch (error) {
      traced.whenOver?.()
      throw error
    }
  }

  private sendTo(
    origin: string,
    options: Traceable,
    handler: AnyHandler,
    call: Call,
    assumption?: Assumption,
  ): boolean {
    const path = pathOf(options)
    const request = this.start(origin, path, options, options.headers, call)
    // What undici 7 has adapted is handed on in its old form even so: it would be adapted twice.
    if (!request && !isAdapted(handler)) return this.dispatch(options, handler)
    const traced = tracedHandler(handler, options.method, path, call)
    if (!request) return this.dispatch(options, traced)
    traced.request = request
    traced.assumption = assumption
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
          const origin = String(created.origin)
          source.known = new Assumption(this.client, origin)
          traced.request = this.start(origin, path, options, created.headers, call, created.host)
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
    host?: unknown,
  ): ClientRequest | undefined {
    const request = this.client.start({
      method,
      origin,
      path,
      headers,
      host,
      parent: call.parent,
      resendCount: call.attempts++,
      perCall: call.perCall,
      first: call.first,
    })
    call.first ??= request
    call.last = request
    request?.whenOver(markRequest(method, path, request.injected, origin))
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
  call: Call,
): TracedHandler | TracedLegacyHandler {
  return isLegacy(handler)
    ? new TracedLegacyHandler(handler, method, path, call)
    : new TracedHandler(handler, method, path, call)
}

type AnyHandler = Handler | LegacyHandler
type Traceable = DispatchOptions & { readonly method: string; readonly path: string }

/** False for what undici is going to refuse, and for what is traced already. */
function isTraceable(options: DispatchOptions, handler: AnyHandler): options is Traceable {
  if (typeof options !== 'object' || options === null || typeof handler !== 'object' || handler === null) {
    return false
  }
  const { method, path, headers } = options
  if (Array.isArray(headers) && Array.isArray(headers[0])) return false
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
