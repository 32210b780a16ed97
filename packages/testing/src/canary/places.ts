import type { Attributes, AttributeValue } from '@opentelemetry/api'
import type { MetricData } from '@opentelemetry/sdk-metrics'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'

type Place = readonly [place: string, text: string]

/** Every text of a span that is exported, with its place. */
export function placesOfSpan(span: ReadableSpan): Place[] {
  const { name, attributes, events, links, status, resource, instrumentationScope } = span
  return [
    ['the name', name],
    ...placesOfAttributes(attributes, ''),
    ...events.flatMap(event => [
      ['the name of an event', event.name] as const,
      ...placesOfAttributes(event.attributes, ` of the event ${event.name}`),
    ]),
    ...links.flatMap(link => [
      ['the trace state of a link', link.context.traceState?.serialize() ?? ''] as const,
      ...placesOfAttributes(link.attributes, ' of a link'),
    ]),
    ['the status message', status.message ?? ''],
    ['the trace state', span.spanContext().traceState?.serialize() ?? ''],
    ...placesOfAttributes(resource.attributes, ' of the resource'),
    ['the scope', `${instrumentationScope.name} ${instrumentationScope.version ?? ''}`],
  ]
}

/** Every text of a metric that is exported, with its place. */
export function placesOfMetric({ descriptor, dataPoints }: MetricData): Place[] {
  return [
    ['the name', descriptor.name],
    ['the description', descriptor.description],
    ...dataPoints.flatMap(point => placesOfAttributes(point.attributes, '')),
  ]
}

function placesOfAttributes(attributes: Attributes = {}, of: string): Place[] {
  return Object.entries(attributes).flatMap(([key, value]) => [
    [`an attribute key${of}`, key] as const,
    [`the attribute ${key}${of}`, textOf(value)] as const,
  ])
}

function textOf(value: AttributeValue | undefined): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}
