import { attempt, type ClientRequest, type HttpClient } from '@spanwright/core/plugin'

import { type Call, callOf } from '../call.ts'
import { follow } from '../process/channels.ts'
import { TracedHandler } from './handler.ts'
import { addWitness, type Below, mayBeAnswered } from './below.ts'
import { dispatchLate, LateRequest } from './late-start.ts'
import { TracedDualHandler } from './dual-handler.ts'
import { TracedLegacyHandler } from './legacy-handler.ts'
import { Assumption, type OriginSource } from '../process/origin.ts'
import { expectOneContext } from '../process/single-context.ts'
import { copyOf, marked } from './options.ts'
import { PassingHandler } from './passing-handler.ts'
import { pathOf } from '../path.ts'
import { markRequest, perCall, TRACED } from '../request-mark.ts'
import { isAdapted } from '../undici-internals.ts'
import type { Dispatch, DispatchOptions, Handler, LegacyHandler } from '../undici-types.ts'

type AnyHandler = Handler | LegacyHandler
type Traceable = DispatchOptions & { readonly method: string; readonly path: string }

/** One request about to be sent. */
interface Departure {
  /** The original options: passed on when the request is not traced. */
  readonly given: DispatchOptions
  /** A copy of them. */
  readonly options: Traceable
  /** Undefined when the options do not contain it. */
  readonly origin: string | undefined
  /** Including the query. */
  readonly path: string
  readonly handler: AnyHandler
  readonly call: Call
}

/** The part of a departure that a span is made of. */
interface Sent extends Pick<Departure, 'path' | 'call'> {
  readonly options: { readonly method: string }
}

/** Sends requests, each with its own span. */
export class TracedDispatch {
  private readonly client: HttpClient
  private readonly dispatch: Dispatch
  private readonly below: Below

  constructor(client: HttpClient, dispatch: Dispatch, below: Below) {
    this.client = client
    this.dispatch = dispatch
    this.below = below
  }

  /**
   * Sends one request.
   * @param source provides the origin when the options do not contain it
   * @param known the call that the request is an attempt of. Default: derived from the handler
   */
  send(given: DispatchOptions, handler: AnyHandler, source: OriginSource | undefined, known?: Call): boolean {
    if (!isObject(given) || !isObject(handler)) return this.dispatch(given, handler)
    const departure = attempt('reading a request', departureOf, this.client, given, handler, known)
    if (!departure) return this.dispatch(given, handler)
    if (departure === 'idle') return this.leave(given, handler)
    const { origin, call } = departure
    if (call.perCall?.ignore === true) return this.pass(departure, String(origin))
    if (origin !== undefined) return this.sendTo(origin, departure)
    const assumption = source?.known
    if (assumption) return this.sendTo(assumption.origin, departure, assumption)
    return source ? this.discover(source, departure) : this.dispatch(given, handler)
  }

  /** Sends a request that is left alone. */
  private leave(given: DispatchOptions, handler: AnyHandler): boolean {
    return this.dispatch(given, isAdapted(handler) ? new PassingHandler(handler) : handler)
  }

  /** Sends a request that must have no span, not even by another entry point. */
  private pass(departure: Departure, origin: string): boolean {
    const { options, path } = departure
    const traced = tracedHandler(departure)
    traced.whenOver = markRequest(options.method, path, [], origin)
    try {
      return this.dispatch(marked(options, options.headers), traced)
    } catch (error) {
      traced.whenOver?.()
      throw error
    }
  }

  private sendTo(origin: string, departure: Departure, assumption?: Assumption): boolean {
    const { given, options, handler } = departure
    if (!assumption && mayBeAnswered(this.below, options.method)) return this.sendLate(origin, departure)
    const request = this.start(origin, departure, options.headers)
    if (!request) return this.leave(given, handler)
    const traced = tracedHandler(departure)
    traced.request = request
    traced.assumption = assumption
    expectOneContext(request.injected)
    if (this.below.copies === undefined) traced.witness = addWitness(options, this.below)
    try {
      return this.dispatch(marked(options, request.headers), traced)
    } catch (error) {
      request.failed(error, false)
      throw error
    }
  }

  /** Without a span when an interceptor answers the request without sending it. */
  private sendLate(origin: string, departure: Departure): boolean {
    const { options, path, call } = departure
    const { method } = options
    const traced = tracedHandler(departure)
    const startedAt = performance.now()
    const sent = { options: { method }, path, call }
    const late = new LateRequest(
      {
        method,
        path,
        origin,
        parent: call.parent,
        start: created => this.start(origin, sent, created?.headers, created?.host, startedAt),
        revalidate: created => {
          const request = this.start(origin, sent, created.headers, created.host)
          if (request) follow(created, request, origin + path, call)
        },
      },
      traced,
    )
    traced.late = late
    try {
      return dispatchLate(late, () => this.dispatch(marked(options, options.headers), traced))
    } catch (error) {
      late.failed()?.failed(error, false)
      throw error
    }
  }

  /** Only the dispatcher knows the origin, not its interceptors: the span is started when undici exposes it. */
  private discover(source: OriginSource, departure: Departure): boolean {
    const { options } = departure
    const traced = tracedHandler(departure)
    try {
      return source.discover(
        options.method,
        created => {
          const origin = String(created.origin)
          source.known = new Assumption(this.client, origin)
          traced.request = this.start(origin, departure, created.headers, created.host)
          return traced.request
        },
        () => this.dispatch(marked(options, options.headers), traced),
      )
    } catch (error) {
      traced.request?.failed(error, false)
      throw error
    }
  }

  private start(
    origin: string,
    { options: { method }, path, call }: Sent,
    headers: unknown,
    host?: unknown,
    startedAt?: number,
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
      startedAt,
    })
    call.first ??= request
    call.last = request
    request?.whenOver(markRequest(method, path, request.injected, origin))
    return request
  }
}

/**
 * Reads a request.
 * @returns `idle` when it is not observed; undefined when it is left alone
 */
function departureOf(
  client: HttpClient,
  given: DispatchOptions,
  handler: AnyHandler,
  known: Call | undefined,
): Departure | 'idle' | undefined {
  const saysSomething = (known?.perCall ?? given[perCall]) !== undefined
  if (!saysSomething && client.isIdle) return 'idle'
  const options = copyOf(given)
  if (!isTraceable(options, handler)) return undefined
  const call = known ?? callOf(options, handler)
  const origin = options.origin === undefined || options.origin === null ? undefined : String(options.origin)
  return { given, options, origin, path: pathOf(options), handler, call }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function tracedHandler({
  handler,
  options: { method },
  path,
  call,
}: Departure): TracedHandler | TracedLegacyHandler {
  if (!isLegacy(handler)) return new TracedHandler(handler, method, path, call)
  const Traced =
    isAdapted(handler) || !('onRequestStart' in handler) ? TracedLegacyHandler : TracedDualHandler
  return new Traced(handler, method, path, call)
}

/** False for options that undici will refuse, and for requests that are already traced. */
function isTraceable(options: DispatchOptions, handler: AnyHandler): options is Traceable {
  const { method, path, headers } = options
  if (Array.isArray(headers) && Array.isArray(headers[0])) return false
  if (options[TRACED] === true || typeof method !== 'string' || typeof path !== 'string') return false
  return isLegacy(handler)
    ? typeof handler.onConnect === 'function' && typeof handler.onError === 'function'
    : typeof handler.onResponseError === 'function'
}

function isLegacy(handler: AnyHandler): handler is LegacyHandler {
  return typeof (handler as Handler).onRequestStart !== 'function' || 'onConnect' in handler
}
