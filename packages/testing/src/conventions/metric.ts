import type { Attributes } from '@opentelemetry/api'
import { DataPointType, type MetricData } from '@opentelemetry/sdk-metrics'

import { attributeFaults, type AttributeRules } from './attributes.ts'
import { LEGACY_METRICS } from './legacy.ts'
import { type MetricEntry, REGISTRY } from './registry.ts'

/** Violations of the conventions by a metric, one line each. */
export function metricFaults(metric: MetricData, rules: AttributeRules): string[] {
  const { name, unit } = metric.descriptor
  const points = metric.dataPoints.flatMap(point => attributeFaults(point.attributes, rules))
  const legacyUnit = rules.vocabulary === 'latest' ? undefined : LEGACY_METRICS[name]
  if (legacyUnit !== undefined) return [...points, ...unitFaults(unit, legacyUnit)]
  const entry = REGISTRY.metrics[name]
  if (!entry)
    return isAllowed(name, rules) ? points : [...points, 'is not of the conventions (1.45.0) and not allowed']
  return [
    ...new Set([
      ...points,
      ...unitFaults(unit, entry.unit),
      ...instrumentFaults(metric, entry),
      ...boundaryFaults(metric, entry),
      ...(rules.vocabulary === 'legacy'
        ? []
        : metric.dataPoints.flatMap(point => pointFaults(point.attributes, entry, rules))),
    ]),
  ]
}

function isAllowed(name: string, { allow }: AttributeRules): boolean {
  return allow.some(item =>
    item instanceof RegExp
      ? item.test(name)
      : item.endsWith('.*')
        ? name.startsWith(item.slice(0, -1))
        : name === item,
  )
}

function unitFaults(actual: string, expected: string): string[] {
  return actual === expected ? [] : [`unit must be '${expected}'; got '${actual}'`]
}

function instrumentFaults({ dataPointType }: MetricData, { instrument }: MetricEntry): string[] {
  const isHistogram =
    dataPointType === DataPointType.HISTOGRAM || dataPointType === DataPointType.EXPONENTIAL_HISTOGRAM
  return isHistogram === (instrument === 'histogram') ? [] : [`must be a ${instrument}`]
}

function boundaryFaults({ dataPointType, dataPoints }: MetricData, { boundaries }: MetricEntry): string[] {
  if (!boundaries || dataPointType !== DataPointType.HISTOGRAM) return []
  const expected = boundaries.join(' ')
  return dataPoints
    .map(point => point.value.buckets.boundaries.join(' '))
    .filter(actual => actual !== expected)
    .map(actual => `boundaries must be ${expected}; got ${actual}`)
}

function pointFaults(attributes: Attributes, entry: MetricEntry, rules: AttributeRules): string[] {
  return [
    ...entry.required
      .filter(key => attributes[key] === undefined)
      .map(key => `required attribute ${key} is missing`),
    // A rule for the latest vocabulary only: with both, a legacy metric also carries legacy keys.
    ...Object.keys(attributes)
      .filter(
        key => REGISTRY.attributes[key] && !entry.attributes.includes(key) && rules.vocabulary === 'latest',
      )
      .map(key => `attribute ${key} does not belong to this metric`),
  ]
}
