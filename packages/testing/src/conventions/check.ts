import type { MetricData } from '@opentelemetry/sdk-metrics'

import { lineOf } from '../print/printer.ts'
import { type AttributeRules, type Vocabulary } from './attributes.ts'
import { metricFaults } from './metric.ts'
import { type ConventionSpan, spanFaults } from './span.ts'

/** Options of the convention check. */
export interface ConventionOptions {
  /** Words the attributes must be in. Default: `latest`. */
  readonly semconv?: Vocabulary
  /**
   * Attributes and metrics of your own: a key, a prefix such as `shop.*`, or a pattern. Those of Spanwright
   * (`spanwright.*`) are always allowed. Default: none.
   */
  readonly allow?: readonly (string | RegExp)[]
}

/** Something that the semantic conventions find wrong. */
export interface ConventionFault {
  /** The span or the metric, as a person would call it. */
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
