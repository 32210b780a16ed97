import { type Attributes, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'

import { showValue, valueMatches } from './value.ts'

/** The name of a span kind. */
export type SpanKindName = keyof typeof SpanKind

/** The expected shape of a span. Properties and attributes that are left out are not checked. */
export interface SpanShape {
  readonly name?: string | RegExp
  readonly kind?: SpanKind | SpanKindName
  readonly status?:
    | 'unset'
    | 'ok'
    | 'error'
    | { readonly code: SpanStatusCode; readonly message?: string | RegExp }
  /** A value, a pattern, a matcher such as `expect.any(Number)`, or undefined for an attribute that must be absent. */
  readonly attributes?: Readonly<Record<string, unknown>>
  /** Events that must exist, by name or with attributes. An empty array: there must be none. */
  readonly events?: readonly (
    | string
    | { readonly name: string; readonly attributes?: Readonly<Record<string, unknown>> }
  )[]
  /** Links that must exist. An empty array: there must be none. */
  readonly links?: readonly LinkShape[]
}

/** The expected shape of a link. */
export interface LinkShape {
  readonly traceId?: string
  readonly spanId?: string
  readonly attributes?: Readonly<Record<string, unknown>>
}

/** How to find a span: by name, by RegExp of the name, by shape, or by a function. */
export type SpanQuery = string | RegExp | SpanShape | ((span: ReadableSpan) => boolean)

/** Whether a span matches a query. */
export function spanMatches(span: ReadableSpan, query: SpanQuery): boolean {
  if (typeof query === 'function') return query(span)
  return differencesOf(span, shapeOf(query)).length === 0
}

/** The shape of a query. */
function shapeOf(query: string | RegExp | SpanShape): SpanShape {
  return typeof query === 'string' || query instanceof RegExp ? { name: query } : query
}

/** The differences between a span and a shape, one line each. */
export function differencesOf(span: ReadableSpan, shape: SpanShape): string[] {
  return [
    ...differenceOf('name', span.name, shape.name),
    ...differenceOf('kind', kindNameOf(span), shape.kind === undefined ? undefined : kindName(shape.kind)),
    ...statusDifferences(span, shape.status),
    ...attributeDifferences(span.attributes, shape.attributes ?? {}, ''),
    ...eventDifferences(span, shape.events),
    ...linkDifferences(span, shape.links),
  ]
}

/** The parts of a span shown in a printed trace. */
export type SpanFace = Pick<ReadableSpan, 'name' | 'kind' | 'status' | 'attributes'>

/** The name of a span's kind. */
export function kindNameOf(span: SpanFace): SpanKindName {
  return SpanKind[span.kind] as SpanKindName
}

function kindName(kind: SpanKind | SpanKindName): SpanKindName {
  return typeof kind === 'string' ? kind : (SpanKind[kind] as SpanKindName)
}

function differenceOf(what: string, actual: unknown, expected: unknown): string[] {
  if (expected === undefined || valueMatches(actual, expected)) return []
  return [`${what}: expected ${showValue(expected)}, got ${showValue(actual)}`]
}

function statusDifferences({ status }: ReadableSpan, expected: SpanShape['status']): string[] {
  if (expected === undefined) return []
  if (typeof expected === 'string') {
    return differenceOf('status', SpanStatusCode[status.code]?.toLowerCase(), expected)
  }
  return [
    ...differenceOf('status', SpanStatusCode[status.code], SpanStatusCode[expected.code]),
    ...differenceOf('status message', status.message, expected.message),
  ]
}

function attributeDifferences(
  actual: Attributes | undefined,
  expected: Readonly<Record<string, unknown>>,
  where: string,
): string[] {
  return Object.entries(expected)
    .filter(([key, value]) => !valueMatches(actual?.[key], value))
    .map(
      ([key, value]) =>
        `${where}attribute ${key}: expected ${showValue(value)}, got ${showValue(actual?.[key])}`,
    )
}

function eventDifferences({ events }: ReadableSpan, expected: SpanShape['events']): string[] {
  if (expected === undefined) return []
  const names = events.map(event => event.name)
  if (expected.length === 0)
    return names.length === 0 ? [] : [`events: expected none, got ${names.join(', ')}`]
  return expected.flatMap(item => {
    const { name, attributes = {} } = typeof item === 'string' ? { name: item } : item
    const found = events.filter(event => event.name === name)
    if (found.length === 0) return [`event ${name}: expected, got ${names.join(', ') || 'none'}`]
    const differences = found.map(event =>
      attributeDifferences(event.attributes, attributes, `event ${name}, `),
    )
    return differences.some(list => list.length === 0) ? [] : (differences[0] ?? [])
  })
}

function linkDifferences({ links }: ReadableSpan, expected: SpanShape['links']): string[] {
  if (expected === undefined) return []
  if (expected.length === 0) return links.length === 0 ? [] : [`links: expected none, got ${links.length}`]
  return expected
    .filter(
      ({ traceId, spanId, attributes = {} }) =>
        !links.some(
          ({ context, attributes: actual }) =>
            (traceId ?? context.traceId) === context.traceId &&
            (spanId ?? context.spanId) === context.spanId &&
            attributeDifferences(actual, attributes, '').length === 0,
        ),
    )
    .map(
      link =>
        `link: expected ${showValue(link)}, got ${showValue(links.map(({ context }) => context.spanId))}`,
    )
}
