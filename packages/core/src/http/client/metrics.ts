import type { Attributes, Context } from '@opentelemetry/api'

import { LateHistogram, LateUpDownCounter, pickAttributes } from '../../operation/instruments.ts'
import { aBoolean, type OptionRules } from '../../host/options.ts'
import {
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
} from '../../semconv/attributes.ts'
import {
  ATTR_HTTP_CONNECTION_STATE,
  HTTP_CONNECTION_ACTIVE,
  HTTP_CONNECTION_IDLE,
  HTTP_CLIENT_ACTIVE_REQUEST_ATTRIBUTES,
  HTTP_CLIENT_METRIC_ATTRIBUTES,
  METRIC_HTTP_CLIENT_ACTIVE_REQUESTS,
  METRIC_HTTP_CLIENT_CONNECTION_DURATION,
  METRIC_HTTP_CLIENT_OPEN_CONNECTIONS,
  METRIC_HTTP_CLIENT_REQUEST_BODY_SIZE,
  METRIC_HTTP_CLIENT_REQUEST_DURATION,
  METRIC_HTTP_CLIENT_RESPONSE_BODY_SIZE,
} from '../../semconv/http.ts'
import type { MetricsOptions, Settings } from '../../operation/settings.ts'

/** Values of the `metrics` option of an HTTP client. */
export interface HttpClientMetricsOptions<Described> extends MetricsOptions<Described> {
  /** Whether `http.client.active_requests` is counted. Default: false. */
  readonly activeRequests?: boolean | undefined
  /** Whether `http.client.request.body.size` and `http.client.response.body.size` are recorded. Default: false. */
  readonly bodySizes?: boolean | undefined
  /** Whether `http.client.open_connections` and `http.client.connection.duration` are recorded. Default: false. */
  readonly connections?: boolean | undefined
}

export const HTTP_CLIENT_METRICS_RULES: OptionRules = {
  activeRequests: aBoolean,
  bodySizes: aBoolean,
  connections: aBoolean,
}

/** Body sizes in bytes on the wire; undefined when unknown. */
export interface BodyBytes {
  readonly request: number | undefined
  readonly response: number | undefined
}

/** The instruments of an HTTP client. */
export class HttpClientMetrics<Described> {
  readonly duration: { readonly histogram: LateHistogram<Described>; readonly keys: readonly string[] }
  private readonly active: LateUpDownCounter<Described> | undefined
  private readonly requestBody: LateHistogram<Described> | undefined
  private readonly responseBody: LateHistogram<Described> | undefined
  private readonly openConnections: LateUpDownCounter<Described> | undefined
  private readonly connectionDuration: LateHistogram<Described> | undefined

  constructor(settings: Settings<Described>, options: HttpClientMetricsOptions<Described>) {
    this.duration = {
      histogram: new LateHistogram(settings, METRIC_HTTP_CLIENT_REQUEST_DURATION),
      keys: HTTP_CLIENT_METRIC_ATTRIBUTES,
    }
    if (options.activeRequests) {
      this.active = new LateUpDownCounter(settings, METRIC_HTTP_CLIENT_ACTIVE_REQUESTS)
    }
    if (options.bodySizes) {
      this.requestBody = new LateHistogram(settings, METRIC_HTTP_CLIENT_REQUEST_BODY_SIZE)
      this.responseBody = new LateHistogram(settings, METRIC_HTTP_CLIENT_RESPONSE_BODY_SIZE)
    }
    if (options.connections) {
      this.openConnections = new LateUpDownCounter(settings, METRIC_HTTP_CLIENT_OPEN_CONNECTIONS)
      this.connectionDuration = new LateHistogram(settings, METRIC_HTTP_CLIENT_CONNECTION_DURATION)
    }
  }

  prepare(): boolean {
    return this.duration.histogram.prepare()
  }

  /** True when body sizes are measured. */
  get measuresBodies(): boolean {
    return this.requestBody?.prepare() ?? false
  }

  /** True when connections are measured. */
  get followsConnections(): boolean {
    return this.openConnections?.prepare() ?? false
  }

  /**
   * Counts a request as active.
   * @returns a function that ends counting it
   */
  begin(attributes: Attributes, context: Context): (() => void) | undefined {
    const { active } = this
    if (!active?.prepare()) return undefined
    const picked = pickAttributes(attributes, HTTP_CLIENT_ACTIVE_REQUEST_ATTRIBUTES)
    active.add(1, picked, context)
    return () => active.add(-1, picked, context)
  }

  /** @param measured the attributes that the duration metric recorded for the request */
  recordBodies({ request, response }: BodyBytes, measured: Attributes, context: Context): void {
    if (request !== undefined) this.requestBody?.record(request, measured, context)
    if (response !== undefined) this.responseBody?.record(response, measured, context)
  }

  /** Counts connections as they open, close, and change between active and idle. */
  countConnection(by: 1 | -1, isActive: boolean, attributes: Attributes, context: Context): void {
    const state = isActive ? HTTP_CONNECTION_ACTIVE : HTTP_CONNECTION_IDLE
    this.openConnections?.add(by, { ...attributes, [ATTR_HTTP_CONNECTION_STATE]: state }, context)
  }

  recordConnection(seconds: number, attributes: Attributes, context: Context): void {
    this.connectionDuration?.record(seconds, attributes, context)
  }
}

/** The attributes that a connection takes from its first request. */
export const CONNECTION_ATTRIBUTES: readonly string[] = [
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_NETWORK_PROTOCOL_VERSION,
]
