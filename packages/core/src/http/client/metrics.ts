import { type Attributes, ROOT_CONTEXT } from '@opentelemetry/api'

import { type HttpMetricDefinitions, HttpMetrics } from '../metrics.ts'
import { LateHistogram, LateUpDownCounter } from '../../operation/instruments.ts'
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

const DEFINITIONS: HttpMetricDefinitions = {
  duration: METRIC_HTTP_CLIENT_REQUEST_DURATION,
  keys: HTTP_CLIENT_METRIC_ATTRIBUTES,
  activeRequests: METRIC_HTTP_CLIENT_ACTIVE_REQUESTS,
  activeRequestKeys: HTTP_CLIENT_ACTIVE_REQUEST_ATTRIBUTES,
  requestBody: METRIC_HTTP_CLIENT_REQUEST_BODY_SIZE,
  responseBody: METRIC_HTTP_CLIENT_RESPONSE_BODY_SIZE,
}

/** The instruments of an HTTP client. */
export class HttpClientMetrics<Described> extends HttpMetrics<Described> {
  private readonly openConnections: LateUpDownCounter<Described> | undefined
  private readonly connectionDuration: LateHistogram<Described> | undefined

  constructor(settings: Settings<Described>, options: HttpClientMetricsOptions<Described>) {
    super(settings, DEFINITIONS, options)
    if (!options.connections) return
    this.openConnections = new LateUpDownCounter(settings, METRIC_HTTP_CLIENT_OPEN_CONNECTIONS)
    this.connectionDuration = new LateHistogram(settings, METRIC_HTTP_CLIENT_CONNECTION_DURATION)
  }

  /** True when connections are measured. */
  get followsConnections(): boolean {
    return this.openConnections?.prepare() ?? false
  }

  // A connection outlives the traces whose requests it carries, so its metrics have no context.

  /** Counts connections as they open, close, and change between active and idle. */
  countConnection(by: 1 | -1, isActive: boolean, attributes: Attributes): void {
    const state = isActive ? HTTP_CONNECTION_ACTIVE : HTTP_CONNECTION_IDLE
    this.openConnections?.add(by, { ...attributes, [ATTR_HTTP_CONNECTION_STATE]: state }, ROOT_CONTEXT)
  }

  recordConnection(seconds: number, attributes: Attributes): void {
    this.connectionDuration?.record(seconds, attributes, ROOT_CONTEXT)
  }
}

/** The attributes that a connection takes from its first request. */
export const CONNECTION_ATTRIBUTES: readonly string[] = [
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_NETWORK_PROTOCOL_VERSION,
]
