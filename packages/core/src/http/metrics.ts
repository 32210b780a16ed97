import type { Attributes, Context } from '@opentelemetry/api'

import { guardMethods } from '../host/guard.ts'
import { LateHistogram, LateUpDownCounter, pickAttributes } from '../operation/instruments.ts'
import type { DurationMetric } from '../operation/operation.ts'
import type { Settings } from '../operation/settings.ts'
import type { MetricDefinition } from '../semconv/attributes.ts'

/** The metrics of one end of HTTP. */
export interface HttpMetricDefinitions {
  readonly duration: MetricDefinition
  /** Attributes of the duration and the body sizes. */
  readonly keys: readonly string[]
  readonly activeRequests: MetricDefinition
  readonly activeRequestKeys: readonly string[]
  readonly requestBody: MetricDefinition
  readonly responseBody: MetricDefinition
}

/** Body sizes in bytes; undefined when unknown. */
export interface BodySizes {
  readonly request: number | undefined
  readonly response: number | undefined
}

/** The instruments of requests, which a server and a client have in common. */
export class HttpMetrics<Described> {
  readonly duration: DurationMetric<Described>
  private readonly active: LateUpDownCounter<Described> | undefined
  private readonly activeKeys: readonly string[]
  private readonly requestBody: LateHistogram<Described> | undefined
  private readonly responseBody: LateHistogram<Described> | undefined

  constructor(
    settings: Settings<Described>,
    definitions: HttpMetricDefinitions,
    options: { readonly activeRequests?: boolean | undefined; readonly bodySizes?: boolean | undefined },
  ) {
    const { duration, keys, activeRequests, activeRequestKeys, requestBody, responseBody } = definitions
    this.duration = { histogram: new LateHistogram(settings, duration), keys }
    this.active = options.activeRequests ? new LateUpDownCounter(settings, activeRequests) : undefined
    this.activeKeys = activeRequestKeys
    this.requestBody = options.bodySizes ? new LateHistogram(settings, requestBody) : undefined
    this.responseBody = options.bodySizes ? new LateHistogram(settings, responseBody) : undefined
  }

  prepare(): boolean {
    return this.duration.histogram.prepare()
  }

  /** True when body sizes are measured. */
  get measuresBodies(): boolean {
    return this.requestBody?.prepare() ?? false
  }

  /**
   * Counts a request as active.
   * @returns a function that ends counting it
   */
  begin(attributes: Attributes, context: Context): (() => void) | undefined {
    const { active } = this
    if (!active?.prepare()) return undefined
    const picked = pickAttributes(attributes, this.activeKeys)
    active.add(1, picked, context)
    return () => active.add(-1, picked, context)
  }

  /** @param measured the attributes that the duration metric recorded for the request */
  recordBodies({ request, response }: BodySizes, measured: Attributes, context: Context): void {
    if (request !== undefined) this.requestBody?.record(request, measured, context)
    if (response !== undefined) this.responseBody?.record(response, measured, context)
  }
}

guardMethods('measuring bodies', HttpMetrics, 'recordBodies')

/** Size of a chunk on the wire, in bytes. */
export function sizeOf(chunk: unknown, encoding: unknown): number {
  if (typeof chunk === 'string') {
    return Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
  }
  return ArrayBuffer.isView(chunk) ? chunk.byteLength : 0
}
