import { type Attributes, type Context, SpanKind } from '@opentelemetry/api'

import { CapturedHeaders, type HeaderValue, knownMethods, writeMethod } from '../attributes.ts'
import { ClientRequest, type Watched } from './request.ts'
import { decide, isIdle, isObserved } from '../../operation/decision.ts'
import { attempt, callHook, guardMethods } from '../../host/guard.ts'
import { HTTP_CLIENT_RULES, type HttpClientOptions, type HttpClientRecord, type PerCall } from './options.ts'
import { type Destination, Destinations } from './destination.ts'
import { HTTP_CLIENT_METRICS_RULES, HttpClientMetrics } from './metrics.ts'
import { Operation } from '../../operation/operation.ts'
import { OutboundPolicy } from './policy.ts'
import { injectedFields, propagatedFields } from '../../operation/propagation.ts'
import {
  headerOf,
  headersRecord,
  namesIn,
  type RequestHeaders,
  settleHeaders,
  undeclaredIn,
  withHeaders,
  withoutFields,
  withoutHeaders,
} from '../request-headers.ts'
import {
  ATTR_HTTP_REQUEST_HEADER_PREFIX,
  ATTR_HTTP_REQUEST_RESEND_COUNT,
  ATTR_HTTP_RESPONSE_HEADER_PREFIX,
  ATTR_URL_TEMPLATE,
} from '../../semconv/http.ts'
import { type EntryPoint, Settings } from '../../operation/settings.ts'
import { sensitiveQueryKeys } from '../url.ts'

/** A request that is about to be sent. */
export interface OutgoingRequest {
  readonly method: string
  /** Scheme, host and port. */
  readonly origin: string
  /** Including the query. */
  readonly path: string
  readonly headers: RequestHeaders
  /** Value of the `Host` header, if the client keeps it separate from the headers. */
  readonly host?: unknown
  /** The caller's context. */
  readonly parent: Context
  /** Number of requests the same call has sent before. */
  readonly resendCount: number
  /** The first request of the same call, when this is a later one. */
  readonly first?: ClientRequest | undefined
  readonly perCall?: PerCall | undefined
  /** Start time on the clock of `performance.now()`. Default: now. */
  readonly startedAt?: number | undefined
}

/** Starts the spans of an HTTP client's requests and writes their context into the headers. */
export class HttpClient {
  readonly settings: Settings<HttpClientRecord, HttpClientOptions>
  private readonly options: HttpClientOptions
  private readonly destinations: Destinations
  private readonly replaces: boolean
  private readonly methods = knownMethods()
  private readonly requestHeaders: CapturedHeaders
  private readonly metrics: HttpClientMetrics<HttpClientRecord>
  private readonly watched: Watched

  /** @throws TypeError when an option is unknown or of the wrong type */
  constructor(entry: EntryPoint, given: HttpClientOptions = {}) {
    this.settings = new Settings(
      { ...entry, area: 'http.client', rules: HTTP_CLIENT_RULES, metricsRules: HTTP_CLIENT_METRICS_RULES },
      given,
    )
    const { options } = this.settings
    this.options = options
    this.replaces = options.existingContext === 'replace'
    this.destinations = new Destinations(
      new OutboundPolicy(entry.caller, options.propagateTo),
      sensitiveQueryKeys(options.sensitiveQueryKeys),
    )
    const { request, response, unmasked } = options.captureHeaders ?? {}
    this.requestHeaders = new CapturedHeaders(ATTR_HTTP_REQUEST_HEADER_PREFIX, request, unmasked)
    const { metrics } = options
    this.metrics = new HttpClientMetrics(this.settings, typeof metrics === 'object' ? metrics : {})
    this.watched = {
      headers: new CapturedHeaders(ATTR_HTTP_RESPONSE_HEADER_PREFIX, response, unmasked),
      metrics: this.metrics,
      stages: options.stages ?? false,
    }
  }

  /** True when requests can be left alone: nothing would be recorded or propagated. */
  get isIdle(): boolean {
    return isIdle(this.settings, this.metrics.prepare())
  }

  /** True when the sizes of bodies are measured. */
  get measuresBodies(): boolean {
    return this.metrics.measuresBodies
  }

  /**
   * Starts the span of a request. Never throws.
   * @returns undefined when the request must be left alone
   */
  start(outgoing: OutgoingRequest): ClientRequest | undefined {
    const { method, perCall } = outgoing
    // A tunnel is not itself a request for a resource.
    if (method === 'CONNECT' || perCall?.ignore === true) return undefined
    const observed = isObserved(this.settings, this.metrics.prepare())
    if (!observed && propagatedFields(this.settings).length === 0) return undefined
    // Headers can be any object of the caller. Refusing unreadable ones is up to the client.
    const headers = attempt('reading the headers of a request', settleHeaders, outgoing.headers)
    if (headers === undefined && outgoing.headers !== undefined) return undefined
    const request = this.begin(outgoing, headers, observed)
    return request ?? (headers === outgoing.headers ? undefined : ClientRequest.untraced(headers))
  }

  /** @returns undefined when the request must not be traced */
  private begin(
    outgoing: OutgoingRequest,
    headers: RequestHeaders,
    observed: boolean,
  ): ClientRequest | undefined {
    const { settings } = this
    const { method, parent } = outgoing
    const destination = this.destinationOf(outgoing, headers)
    if (!destination) return undefined
    const record = this.recordOf(outgoing, destination, headers)
    if (decide(settings, parent, record) !== 'trace') return undefined
    const attributes: Attributes = {}
    const name = observed ? this.describe(attributes, outgoing, destination, headers, record) : method
    const operation = new Operation(settings, {
      kind: SpanKind.CLIENT,
      name,
      attributes,
      parent,
      startedAt: outgoing.startedAt,
      record,
      duration: this.metrics.duration,
    })
    const request =
      (mayCarry(outgoing, destination) && this.withContext(operation, headers)) ||
      new ClientRequest(operation, headers, NOTHING, this.watched)
    request.whenOver(this.metrics.begin(attributes, parent))
    return request
  }

  /** A request whose headers hold the context of its span. */
  private withContext(
    operation: Operation<HttpClientRecord>,
    headers: RequestHeaders,
  ): ClientRequest | undefined {
    const declared = propagatedFields(this.settings)
    const existing = namesIn(headers, declared)
    const fields = this.inject(operation.context, existing)
    // Fields that a propagator does not declare in advance give way to the caller's headers.
    const injected = withoutFields(fields, namesIn(headers, undeclaredIn(fields, declared)))
    const kept = injected.length > 0 && this.replaces ? withoutHeaders(headers, existing) : headers
    return new ClientRequest(operation, withHeaders(kept, injected), injected, this.watched)
  }

  private destinationOf(
    { origin, path, host }: OutgoingRequest,
    headers: RequestHeaders,
  ): Destination | undefined {
    const isHostGiven = headers !== undefined && headers !== null && this.destinations.hidesName(origin)
    return this.destinations.resolve(
      origin,
      path,
      host ?? (isHostGiven ? headerOf(headers, 'host') : undefined),
    )
  }

  /**
   * Corrects the destination of a request, for clients that choose among several servers after the span has started.
   */
  relocate(request: ClientRequest, origin: string, path: string, host?: unknown): void {
    const destination = this.destinations.resolve(origin, path, host)
    if (!destination) return
    const attributes: Attributes = {}
    this.destinations.describe(attributes, destination)
    request.described(attributes)
  }

  private recordOf(
    { method, perCall }: OutgoingRequest,
    { url }: Destination,
    headers: RequestHeaders,
  ): HttpClientRecord | undefined {
    const urlTemplate = perCall?.urlTemplate ?? this.options.urlTemplate
    const isNeeded = this.settings.hasHooks || typeof urlTemplate === 'function'
    return isNeeded ? { method, url, headers: headersRecord(headers) } : undefined
  }

  /** Writes the attributes a span starts with. Returns its name. */
  private describe(
    attributes: Attributes,
    { method, resendCount, perCall }: OutgoingRequest,
    destination: Destination,
    headers: RequestHeaders,
    record: HttpClientRecord | undefined,
  ): string {
    const word = writeMethod(attributes, method, this.methods)
    this.destinations.describe(attributes, destination)
    if (resendCount > 0) attributes[ATTR_HTTP_REQUEST_RESEND_COUNT] = resendCount
    if (!this.requestHeaders.isEmpty)
      this.requestHeaders.write(attributes, name => headerOf(headers, name) as HeaderValue)
    const template = templateOf(perCall?.urlTemplate, record) ?? templateOf(this.options.urlTemplate, record)
    if (template) attributes[ATTR_URL_TEMPLATE] = template
    if (typeof perCall?.attributes === 'object') Object.assign(attributes, perCall.attributes)
    return textOf(perCall?.name) ?? (template ? `${word} ${template}` : word)
  }

  /** The context as header fields; none when the caller's own context is kept. */
  private inject(context: Context, existing: readonly string[]): readonly string[] {
    if (!this.replaces && existing.some(field => field !== 'baggage')) return []
    const fields = injectedFields(this.settings, context)
    return this.replaces || existing.length === 0 ? fields : withoutFields(fields, existing)
  }
}

guardMethods('starting the span of a request', HttpClient, 'begin')
guardMethods('injecting the context', HttpClient, 'withContext')

const NOTHING: readonly string[] = []

/**
 * True when the context may be sent. The permission of a call does not apply to other hosts reached by a redirect:
 * there the policy decides.
 */
function mayCarry({ perCall, first }: OutgoingRequest, destination: Destination): boolean {
  const { allowed } = destination
  const propagate = perCall?.propagate
  if (typeof propagate !== 'boolean' || (propagate && first && !first.wentTo(destination))) return allowed
  return propagate
}

function templateOf(template: unknown, record: HttpClientRecord | undefined): string | undefined {
  if (typeof template !== 'function') return textOf(template)
  return (
    record && textOf(callHook('urlTemplate', template as (operation: HttpClientRecord) => unknown, record))
  )
}

/** Per-call options are not checked in advance. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
