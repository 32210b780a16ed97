import { aBoolean, type OptionRules } from '../../host/options.ts'
import {
  HTTP_SERVER_ACTIVE_REQUESTS_ATTRIBUTES,
  HTTP_SERVER_METRIC_ATTRIBUTES,
  METRIC_HTTP_SERVER_ACTIVE_REQUESTS,
  METRIC_HTTP_SERVER_REQUEST_BODY_SIZE,
  METRIC_HTTP_SERVER_REQUEST_DURATION,
  METRIC_HTTP_SERVER_RESPONSE_BODY_SIZE,
} from '../../semconv/http.ts'
import type { HttpMetricDefinitions } from '../metrics.ts'
import type { MetricsOptions } from '../../operation/settings.ts'

/** Values of the `metrics` option of an HTTP server. */
export interface HttpServerMetricsOptions<Described> extends MetricsOptions<Described> {
  /** Whether `http.server.active_requests` is counted. Default: false. */
  readonly activeRequests?: boolean | undefined
  /** Whether `http.server.request.body.size` and `http.server.response.body.size` are recorded. Default: false. */
  readonly bodySizes?: boolean | undefined
}

export const HTTP_SERVER_METRICS_RULES: OptionRules = { activeRequests: aBoolean, bodySizes: aBoolean }

/** The metrics of an HTTP server. */
export const HTTP_SERVER_METRICS: HttpMetricDefinitions = {
  duration: METRIC_HTTP_SERVER_REQUEST_DURATION,
  keys: HTTP_SERVER_METRIC_ATTRIBUTES,
  activeRequests: METRIC_HTTP_SERVER_ACTIVE_REQUESTS,
  activeRequestKeys: HTTP_SERVER_ACTIVE_REQUESTS_ATTRIBUTES,
  requestBody: METRIC_HTTP_SERVER_REQUEST_BODY_SIZE,
  responseBody: METRIC_HTTP_SERVER_RESPONSE_BODY_SIZE,
}
