import { type Attributes, SpanKind } from '@opentelemetry/api'
import type { MetricData } from '@opentelemetry/sdk-metrics'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'

import type { Sighting } from './recording.ts'
import { isDocumented, keyOf } from './known-keys.ts'

/** What there is to document of a span. */
export function sightingOfSpan(span: ReadableSpan): Sighting {
  return {
    scope: span.instrumentationScope.name,
    form: 'span',
    title: titleOf(span),
    attributes: keysOf(span.attributes),
    links: [...new Set(span.links.flatMap(link => keysOf(link.attributes ?? {})))].toSorted(),
    events: Object.fromEntries(
      span.events
        .filter(({ name }) => name === 'exception' || name.startsWith('spanwright.'))
        .map(({ name, attributes }) => [name, keysOf(attributes ?? {})]),
    ),
  }
}

/** What there is to document of a metric. */
export function sightingOfMetric(
  scope: string,
  { descriptor, dataPoints, dataPointType }: MetricData,
): Sighting {
  return {
    scope,
    form: 'metric',
    title: descriptor.name,
    attributes: [...new Set(dataPoints.flatMap(point => keysOf(point.attributes)))].toSorted(),
    links: [],
    events: {},
    unit: descriptor.unit,
    instrument: ['histogram', 'exponential histogram', 'gauge', 'sum'][dataPointType] ?? '',
  }
}

/** Kind, and what distinguishes the spans of that kind in their package. */
function titleOf({ kind, attributes, name }: ReadableSpan): string {
  const operation = attributes['messaging.operation.name']
  if (typeof operation === 'string') return `${SpanKind[kind]} ${operation}`
  if (kind !== SpanKind.INTERNAL) return SpanKind[kind]
  // The spans of layers are named by the functions of an application.
  const layer = attributes['spanwright.layer.kind']
  return `INTERNAL ${typeof layer === 'string' ? `${layer} <name>` : name}`
}

function keysOf(attributes: Attributes): string[] {
  return [...new Set(Object.keys(attributes).filter(isDocumented).map(keyOf))].toSorted()
}
