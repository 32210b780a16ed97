import type { TraceSummary } from '../model/summary.ts'
import type { StoredTrace } from '../store/stored-trace.ts'
import type { OtlpAttribute, OtlpValue } from '../decode/otlp.ts'
import { attributesOf, textOf } from '../model/attributes.ts'

/** Which traces are requested. */
export interface Filter {
  /** Part of a trace id, a name, a service or a value of an attribute; case-insensitive. */
  readonly text: string
  /** A service that takes part. */
  readonly service: string
  /** The name of the span that begins the trace. */
  readonly route: string
  /** `key`, or `key=value`. */
  readonly attribute: string
  /** Milliseconds. */
  readonly minDuration: number
  readonly errors: boolean
  readonly findings: boolean
}

/**
 * Reads a filter from a query string.
 * @throws TypeError when `minDuration` is not a number
 */
export function readFilter(query: URLSearchParams): Filter {
  const minDuration = Number(query.get('minDuration') ?? 0)
  if (!(minDuration >= 0)) throw new TypeError('minDuration must be a number of milliseconds')
  return {
    text: (query.get('text') ?? '').trim().toLowerCase(),
    service: query.get('service') ?? '',
    route: query.get('route') ?? '',
    attribute: (query.get('attribute') ?? '').trim(),
    minDuration,
    errors: isOn(query.get('errors')),
    findings: isOn(query.get('findings')),
  }
}

function isOn(value: string | null): boolean {
  return value === '1' || value === 'true' || value === ''
}

/** Whether a trace matches a filter. */
export function matches(filter: Filter, summary: TraceSummary, trace: StoredTrace): boolean {
  return (
    (filter.service === '' || summary.services.includes(filter.service)) &&
    (filter.route === '' || summary.name === filter.route) &&
    summary.duration >= filter.minDuration &&
    (!filter.errors || summary.errors > 0) &&
    (!filter.findings || summary.findings.length > 0) &&
    (filter.text === '' || hasText(filter.text, summary, trace)) &&
    (filter.attribute === '' || hasAttribute(filter.attribute, trace))
  )
}

function hasText(text: string, { traceId, services }: TraceSummary, trace: StoredTrace): boolean {
  const includes = (part: string): boolean => part.toLowerCase().includes(text)
  return (
    includes(traceId) ||
    services.some(includes) ||
    trace
      .all()
      .some(
        ({ span }) =>
          includes(span.name ?? '') ||
          includes(span.status?.message ?? '') ||
          span.spanId === text ||
          span.attributes?.some(({ value = {} }) => includes(valueText(value))),
      )
  )
}

function hasAttribute(wanted: string, trace: StoredTrace): boolean {
  const at = wanted.indexOf('=')
  const key = at < 0 ? wanted : wanted.slice(0, at).trim()
  const value = at < 0 ? undefined : wanted.slice(at + 1).trim()
  const fits = (attribute: OtlpAttribute): boolean =>
    attribute.key === key && (value === undefined || valueText(attribute.value ?? {}) === value)
  return trace
    .all()
    .some(({ span, origin }) => span.attributes?.some(fits) || origin.resource.attributes?.some(fits))
}

function valueText(value: OtlpValue): string {
  return value.stringValue ?? textOf(attributesOf([{ key: '', value }])[''] ?? null)
}
