import type { MetricData } from '@opentelemetry/sdk-metrics'

import { lineOf } from '../print/printer.ts'
import { type AttributeRules, type Vocabulary } from './attributes.ts'
import { metricFaults } from './metric.ts'
import { type ConventionSpan, spanFaults } from './span.ts'

/** Options of the convention check. */
export interface ConventionOptions {
  /** Vocabulary the attributes must use. Default: `latest`. */
  readonly semconv?: Vocabulary
  /**
   * Attributes and metrics of your own: a key, a prefix such as `shop.*`, or a pattern. Those of Spanwright
   * (`spanwright.*`) are always allowed. Default: none.
   */
  readonly allow?: readonly (string | RegExp)[]
}

/** A violation of the semantic conventions. */
export interface ConventionFault {
  /** A readable name of the span or the metric. */
  readonly subject: string
  readonly fault: string
}

/** Checks spans against the semantic conventions 1.45.0. */
export function checkSpans(
  spans: readonly ConventionSpan[],
  options: ConventionOptions = {},
): ConventionFault[] {
  const rules = rulesOf(options)
  return spans.flatMap(span => spanFaults(span, rules).map(fault => ({ subject: lineOf(span), fault })))
}

/** Checks metrics against the semantic conventions 1.45.0. */
export function checkMetrics(
  metrics: readonly MetricData[],
  options: ConventionOptions = {},
): ConventionFault[] {
  const rules = rulesOf(options)
  return metrics.flatMap(metric =>
    metricFaults(metric, rules).map(fault => ({ subject: `metric ${metric.descriptor.name}`, fault })),
  )
}

function rulesOf({ semconv = 'latest', allow = [] }: ConventionOptions): AttributeRules {
  return { vocabulary: semconv, allow: [...allow, 'spanwright.*'] }
}
