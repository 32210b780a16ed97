import { SpanKind } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'

import { lineOf } from '../print/printer.ts'

/** How much a rule counts. */
export type Impact = 'Critical' | 'Important' | 'Normal'

/** A rule of the instrumentation score. */
export interface Rule {
  readonly id: string
  readonly impact: Impact
  readonly description: string
  /** What breaks the rule, one line each; empty when it is kept. */
  readonly findFaults: (spans: readonly ReadableSpan[]) => string[]
}

const MOST_INTERNAL_SPANS = 10
const MOST_SHORT_SPANS = 20
const SHORT_SECONDS = 0.005

/** Attributes of a resource that no convention places on a span. */
const RESOURCE_KEY =
  /^(?:service\.(?:name|namespace|version|instance\.id)|(?:telemetry|host|os|container|k8s|device|webengine)\..+|deployment\.environment(?:\.name)?)$/

/** Attributes of spans that no convention places on a resource. */
const SPAN_KEY =
  /^(?:http|db|messaging|rpc|url|client|server|network|error|exception|graphql|code|thread)\..+$/

/** Parts of a name that differ from one operation to the next. */
const VARIABLE_PARTS: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/\b[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}\b/i, 'a UUID'],
  [/\b(?=[a-f]{0,11}\d)[\da-f]{12}/i, 'a hexadecimal id'],
  [/\b\d{4}/, 'a number'],
  [/\/\d+(?:\/|$)/, 'a number'],
  [/\w@\w/, 'an email address'],
  [/\?\w/, 'a query string'],
  [/'[^']{1,64}'/, 'a literal'],
]

/** The rules for resources and spans; https://github.com/instrumentation-score/spec */
export const RULES: readonly Rule[] = [
  {
    id: 'RES-001',
    impact: 'Normal',
    description: 'service.instance.id is present',
    findFaults: spans => missing(spans, 'service.instance.id'),
  },
  {
    id: 'RES-002',
    impact: 'Important',
    description: 'service.instance.id is unique for each instance of a service',
    findFaults: findSharedInstanceIds,
  },
  {
    id: 'RES-003',
    impact: 'Important',
    description: 'k8s.pod.uid is present on Kubernetes',
    findFaults: spans =>
      missing(
        spans.filter(({ resource }) => Object.keys(resource.attributes).some(key => key.startsWith('k8s.'))),
        'k8s.pod.uid',
      ),
  },
  {
    id: 'RES-004',
    impact: 'Important',
    description: 'attributes are at the level the conventions give them',
    findFaults: spans => [
      ...spans.flatMap(span => misplaced(span.attributes, RESOURCE_KEY, `on the span ${lineOf(span)}`)),
      ...spans.flatMap(({ resource }) => misplaced(resource.attributes, SPAN_KEY, 'on the resource')),
    ],
  },
  {
    id: 'RES-005',
    impact: 'Critical',
    description: 'service.name is present',
    findFaults: spans => missing(spans, 'service.name'),
  },
  {
    id: 'SPA-001',
    impact: 'Normal',
    description: `a trace has at most ${MOST_INTERNAL_SPANS} INTERNAL spans of one service`,
    findFaults: spans =>
      crowded(
        spans.filter(({ kind }) => kind === SpanKind.INTERNAL),
        span => `${span.spanContext().traceId} ${serviceOf(span)}`,
        MOST_INTERNAL_SPANS,
        'INTERNAL spans of one service in one trace',
      ),
  },
  {
    id: 'SPA-002',
    impact: 'Normal',
    description: 'every parent is in the trace',
    findFaults: findOrphans,
  },
  {
    id: 'SPA-003',
    impact: 'Important',
    description: 'span names do not contain variable parts',
    findFaults: spans =>
      spans.flatMap(span => {
        const part = variablePartOf(span.name)
        return part === undefined ? [] : [`${lineOf(span)} contains ${part}`]
      }),
  },
  {
    id: 'SPA-004',
    impact: 'Important',
    description: 'a trace does not begin with a CLIENT span',
    findFaults: spans =>
      spans
        .filter(({ kind, parentSpanContext }) => kind === SpanKind.CLIENT && !parentSpanContext)
        .map(span => `${lineOf(span)} begins a trace`),
  },
  {
    id: 'SPA-005',
    impact: 'Important',
    description: `a trace has at most ${MOST_SHORT_SPANS} spans shorter than 5 ms`,
    findFaults: spans =>
      crowded(
        spans.filter(({ duration: [seconds, nanoseconds] }) => seconds + nanoseconds / 1e9 < SHORT_SECONDS),
        span => span.spanContext().traceId,
        MOST_SHORT_SPANS,
        'spans shorter than 5 ms in one trace',
      ),
  },
]

function variablePartOf(name: string): string | undefined {
  return VARIABLE_PARTS.find(([pattern]) => pattern.test(name))?.[1]
}

function missing(spans: readonly ReadableSpan[], key: string): string[] {
  return spans
    .filter(({ resource }) => typeof resource.attributes[key] !== 'string' || resource.attributes[key] === '')
    .map(span => `${key} is missing on the resource of ${serviceOf(span)}`)
}

function serviceOf({ resource }: ReadableSpan): string {
  return String(resource.attributes['service.name'] ?? 'a service without a name')
}

function misplaced(attributes: ReadableSpan['attributes'], pattern: RegExp, where: string): string[] {
  return Object.keys(attributes)
    .filter(key => pattern.test(key))
    .map(key => `${key} is ${where}`)
}

/** What tells two instances of a service apart besides their id. */
function instanceOf({ resource: { attributes } }: ReadableSpan): string {
  return ['k8s.pod.name', 'k8s.pod.uid', 'container.id', 'host.name', 'process.pid']
    .filter(key => attributes[key] !== undefined)
    .map(key => `${key} ${String(attributes[key])}`)
    .join(', ')
}

function findSharedInstanceIds(spans: readonly ReadableSpan[]): string[] {
  const instances = new Map<string, Set<string>>()
  for (const span of spans) {
    const id = span.resource.attributes['service.instance.id']
    if (id === undefined) continue
    const key = `service.instance.id ${String(id)} of ${serviceOf(span)}`
    instances.set(key, (instances.get(key) ?? new Set()).add(instanceOf(span)))
  }
  return [...instances]
    .filter(([, found]) => found.size > 1)
    .map(([key, found]) => `${key} is that of ${[...found].join(' and of ')}`)
}

function idOf({ traceId, spanId }: { readonly traceId: string; readonly spanId: string }): string {
  return `${traceId} ${spanId}`
}

function findOrphans(spans: readonly ReadableSpan[]): string[] {
  const known = new Set(spans.map(span => idOf(span.spanContext())))
  return spans
    .filter(({ parentSpanContext }) => parentSpanContext && !known.has(idOf(parentSpanContext)))
    .map(span => `the parent of ${lineOf(span)} is missing`)
}

function crowded(
  spans: readonly ReadableSpan[],
  groupOf: (span: ReadableSpan) => string,
  most: number,
  what: string,
): string[] {
  const counts = new Map<string, number>()
  for (const span of spans) counts.set(groupOf(span), (counts.get(groupOf(span)) ?? 0) + 1)
  return [...counts.values()].filter(count => count > most).map(count => `${count} ${what}`)
}
