import type { Attributes, Context } from '@opentelemetry/api'

import { LateHistogram, LateUpDownCounter, pickAttributes } from '../../operation/instruments.ts'
import { guardMethods } from '../../host/guard.ts'
import { aBoolean, type OptionRules } from '../../host/options.ts'
import {
  HTTP_SERVER_ACTIVE_REQUESTS_ATTRIBUTES,
  HTTP_SERVER_METRIC_ATTRIBUTES,
  METRIC_HTTP_SERVER_ACTIVE_REQUESTS,
  METRIC_HTTP_SERVER_REQUEST_BODY_SIZE,
  METRIC_HTTP_SERVER_REQUEST_DURATION,
  METRIC_HTTP_SERVER_RESPONSE_BODY_SIZE,
} from '../../semconv/http.ts'
import type { Transfer } from './response/transfer.ts'
import type { MetricsOptions, Settings } from '../../operation/settings.ts'

/** Values of the `metrics` option of an HTTP server. */
export interface HttpServerMetricsOptions<Described> extends MetricsOptions<Described> {
  /** Whether `http.server.active_requests` is counted. Default: false. */
  readonly activeRequests?: boolean | undefined
  /** Whether `http.server.request.body.size` and `http.server.response.body.size` are recorded. Default: false. */
  readonly bodySizes?: boolean | undefined
}

export const HTTP_SERVER_METRICS_RULES: OptionRules = { activeRequests: aBoolean, bodySizes: aBoolean }

/** The instruments of an HTTP server. */
export class HttpServerMetrics<Described> {
  readonly duration: { readonly histogram: LateHistogram<Described>; readonly keys: readonly string[] }
  private readonly active: LateUpDownCounter<Described> | undefined
  private readonly requestBody: LateHistogram<Described> | undefined
  private readonly responseBody: LateHistogram<Described> | undefined

  constructor(settings: Settings<Described>, options: HttpServerMetricsOptions<Described>) {
    this.duration = {
      histogram: new LateHistogram(settings, METRIC_HTTP_SERVER_REQUEST_DURATION),
      keys: HTTP_SERVER_METRIC_ATTRIBUTES,
    }
    if (options.activeRequests) {
      this.active = new LateUpDownCounter(settings, METRIC_HTTP_SERVER_ACTIVE_REQUESTS)
    }
    if (options.bodySizes) {
      this.requestBody = new LateHistogram(settings, METRIC_HTTP_SERVER_REQUEST_BODY_SIZE)
      this.responseBody = new LateHistogram(settings, METRIC_HTTP_SERVER_RESPONSE_BODY_SIZE)
    }
  }

  prepare(): boolean {
    return this.duration.histogram.prepare()
  }

  /** True when body sizes are measured. */
  get measuresBodies(): boolean {
    return this.requestBody?.prepare() ?? false
  }

  /**
   * Counts a request as open.
   * @returns a function that ends counting it
   */
  open(attributes: Attributes, context: Context): (() => void) | undefined {
    const { active } = this
    if (!active?.prepare()) return undefined
    const picked = pickAttributes(attributes, HTTP_SERVER_ACTIVE_REQUESTS_ATTRIBUTES)
    active.add(1, picked, context)
    return () => active.add(-1, picked, context)
  }

  /** @param measured the attributes that the duration metric recorded for the request */
  recordBodies(sizes: Transfer, measured: Attributes, context: Context): void {
    this.requestBody?.record(sizes.request, measured, context)
    this.responseBody?.record(sizes.response, measured, context)
  }
}

guardMethods('measuring bodies', HttpServerMetrics, 'recordBodies')
