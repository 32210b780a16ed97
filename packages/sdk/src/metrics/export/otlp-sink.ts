import { diag } from '@opentelemetry/api'

import type { Delivery } from '../../export/otlp/delivery.ts'
import type { Answer } from '../../export/otlp/transport.ts'
import type { Environment } from '../../start/environment.ts'
import type { ProcessResource } from '../../start/resource/process-resource.ts'
import { encodeMetrics } from './encoding.ts'
import type { MetricSink } from './periodic.ts'
import { AggregationTemporality, InstrumentType, type ScopeMetrics } from '../types.ts'

/** Milliseconds between two reports of failed exports. */
const REPORT_INTERVAL = 60_000

const TEMPORALITY = 'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE'
const AGGREGATION = 'OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION'

/** Instruments with delta temporality for each preference. */
const DELTAS: Readonly<Record<'cumulative' | 'delta' | 'lowmemory', ReadonlySet<InstrumentType>>> = {
  cumulative: new Set(),
  delta: new Set([InstrumentType.COUNTER, InstrumentType.OBSERVABLE_COUNTER, InstrumentType.HISTOGRAM]),
  lowmemory: new Set([InstrumentType.COUNTER, InstrumentType.HISTOGRAM]),
}

/**
 * Sends metrics over OTLP; a failure is reported once per interval, and the metrics are sent again with the next
 * export.
 */
export class OtlpSink implements MetricSink {
  /** Why the last export failed, if it did. */
  problem: string | undefined
  private readonly place: string
  private readonly delivery: Delivery
  private readonly timeout: number
  private readonly deltas: ReadonlySet<InstrumentType>
  readonly isExponential: boolean
  private failures = 0
  private timer: NodeJS.Timeout | undefined

  constructor(place: string, delivery: Delivery, timeout: number, environment: Environment) {
    this.place = place
    this.delivery = delivery
    this.timeout = timeout
    this.deltas = DELTAS[environment.oneOf(TEMPORALITY, ['cumulative', 'delta', 'lowmemory'], 'cumulative')]
    this.isExponential = wantsExponential(environment)
  }

  selectAggregationTemporality(type: InstrumentType): AggregationTemporality {
    return this.deltas.has(type) ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE
  }

  close(): void {
    this.report()
    this.delivery.close()
  }

  async send(resource: ProcessResource, scopes: readonly ScopeMetrics[]): Promise<void> {
    try {
      const bytes = encodeMetrics(resource, scopes)
      this.settle(await this.delivery.deliver([bytes], this.timeout))
    } catch (error) {
      this.fail(String(error))
    }
  }

  private settle(answer: Answer): void {
    if (answer.kind !== 'accepted') this.fail(answer.reason)
    else if (answer.rejected > 0) {
      this.fail(`${answer.rejected} data points were rejected: ${answer.message ?? 'no reason was given'}`)
    } else this.problem = undefined
  }

  private fail(reason: string): void {
    this.problem = reason
    this.failures += 1
    this.timer ??= setTimeout(() => this.report(), REPORT_INTERVAL).unref()
  }

  private report(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    if (this.failures === 0) return
    diag.warn(
      `spanwright: ${this.failures} exports of metrics to ${this.place} failed; last error: ${this.problem ?? 'none since'}`,
    )
    this.failures = 0
  }
}

/** Whether exponential histograms are requested. */
function wantsExponential(environment: Environment): boolean {
  const choices = ['explicit_bucket_histogram', 'base2_exponential_bucket_histogram'] as const
  return environment.oneOf(AGGREGATION, choices, 'explicit_bucket_histogram') === choices[1]
}
