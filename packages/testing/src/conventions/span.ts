import { type Attributes, SpanStatusCode } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'

import { kindNameOf, type SpanFace } from '../match/query.ts'
import { attributeFaults, type AttributeRules, type Vocabulary } from './attributes.ts'
import { LEGACY_SPANS } from './legacy.ts'
import { REGISTRY, type SpanEntry } from './registry.ts'

/** The parts of a span that the conventions cover. */
export type ConventionSpan = SpanFace & Pick<ReadableSpan, 'events' | 'links'>

/** Violations of the conventions by a span, one line each. */
export function spanFaults(span: ConventionSpan, rules: AttributeRules): string[] {
  const { attributes, events, links } = span
  return [
    ...attributeFaults(attributes, rules),
    ...events.flatMap(event =>
      prefixed(`event ${event.name}: `, eventFaults(event.name, event.attributes ?? {}, rules)),
    ),
    ...links.flatMap(link => prefixed('link: ', attributeFaults(link.attributes ?? {}, rules))),
    ...(rules.vocabulary === 'legacy' ? [] : typeFaults(span)),
    ...(rules.vocabulary === 'latest' ? [] : legacyTypeFaults(span)),
    ...errorFaults(span, rules.vocabulary),
  ]
}

function prefixed(prefix: string, faults: readonly string[]): string[] {
  return faults.map(fault => prefix + fault)
}

function eventFaults(name: string, attributes: Attributes, rules: AttributeRules): string[] {
  const faults = attributeFaults(attributes, rules)
  const isNamed = attributes['exception.type'] !== undefined || attributes['exception.message'] !== undefined
  return name === 'exception' && !isNamed ? [...faults, 'needs exception.type or exception.message'] : faults
}

/** The attribute that identifies a span of an area. */
const AREA_MARKERS = {
  http: 'http.request.method',
  db: 'db.system.name',
  messaging: 'messaging.system.name',
  rpc: 'rpc.system.name',
} as const

function typeFaults(span: ConventionSpan): string[] {
  const area = Object.entries(AREA_MARKERS).find(([, marker]) => span.attributes[marker] !== undefined)
  if (!area) return []
  const [name, marker] = area
  const ofArea = Object.entries(REGISTRY.spans).filter(([type]) => type.startsWith(`${name}.`))
  const candidates = ofArea.map(([, entry]) => entry).filter(entry => fits(entry, span.attributes))
  if (candidates.length === 0) return [] // A system without a type in the registry.
  const kind = kindNameOf(span)
  const entry = candidates.find(candidate => candidate.kind === kind)
  if (!entry)
    return [`kind must be ${candidates.map(item => item.kind).join(' or ')} with ${marker}; got ${kind}`]
  return missing(entry.required, span.attributes)
}

/** The operation type of a messaging span may be missing; then every type of the system fits. */
function fits({ fixed }: SpanEntry, attributes: Attributes): boolean {
  return Object.entries(fixed).every(
    ([key, value]) => attributes[key] === undefined || attributes[key] === value,
  )
}

function legacyTypeFaults(span: ConventionSpan): string[] {
  const entry = LEGACY_SPANS.find(({ marker }) => span.attributes[marker] !== undefined)
  if (!entry) return []
  const kind = kindNameOf(span)
  if (!entry.kinds.includes(kind))
    return [`kind must be ${entry.kinds.join(' or ')} with ${entry.marker}; got ${kind}`]
  return missing(entry.required, span.attributes)
}

function missing(required: readonly string[], attributes: Attributes): string[] {
  return required
    .filter(key => attributes[key] === undefined)
    .map(key => `required attribute ${key} is missing`)
}

/** `error.type` must be present if and only if the operation failed. The legacy set has no such key. */
function errorFaults({ status, attributes }: ConventionSpan, vocabulary: Vocabulary): string[] {
  if (vocabulary === 'legacy') return []
  const isTyped = attributes['error.type'] !== undefined
  const isError = status.code === SpanStatusCode.ERROR
  const belongsToArea = Object.values(AREA_MARKERS).some(marker => attributes[marker] !== undefined)
  if (isTyped && !isError) return ['has error.type without the status ERROR']
  return isError && !isTyped && belongsToArea ? ['has the status ERROR without error.type'] : []
}
