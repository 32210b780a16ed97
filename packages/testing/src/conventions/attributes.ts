import type { Attributes, AttributeValue } from '@opentelemetry/api'

import { LEGACY_ATTRIBUTES } from './legacy.ts'
import { type AttributeEntry, CLOSED_ENUMS, REGISTRY } from './registry.ts'

/** Which vocabulary attributes may use. */
export type Vocabulary = 'latest' | 'legacy' | 'both'

/** What {@link attributeFaults} accepts. */
export interface AttributeRules {
  readonly vocabulary: Vocabulary
  /** Keys, prefixes that end in `.*`, or patterns of attributes outside the conventions. */
  readonly allow: readonly (string | RegExp)[]
}

/** Violations of the conventions in attributes, one line each. */
export function attributeFaults(attributes: Attributes, rules: AttributeRules): string[] {
  return Object.entries(attributes).flatMap(([key, value]) => {
    if (value === undefined || isAllowed(key, rules.allow)) return []
    return attributeFault(key, value, rules.vocabulary).map(fault => `attribute ${key} ${fault}`)
  })
}

function attributeFault(key: string, value: AttributeValue, vocabulary: Vocabulary): string[] {
  const legacyType = vocabulary === 'latest' ? undefined : LEGACY_ATTRIBUTES[key]
  if (legacyType !== undefined) return typeFaults(legacyType, value)
  const entry = entryOf(key)
  if (!entry) return ['is not of the conventions (1.45.0) and not allowed']
  if (vocabulary === 'legacy' && !isSharedByBoth(key)) return ['is not of the legacy set']
  if (entry.deprecated !== undefined) return [`is deprecated: ${entry.deprecated}`]
  return [...typeFaults(valueTypeOf(entry), value), ...enumFaults(key, entry, value)]
}

/** Exceptions, routes and captured headers have the same name in both vocabularies. */
function isSharedByBoth(key: string): boolean {
  return (
    key === 'http.route' ||
    /^(?:exception\.|http\.(?:request|response)\.header\.|rpc\.grpc\.(?:request|response)\.metadata\.)/.test(
      key,
    )
  )
}

function isAllowed(key: string, allow: AttributeRules['allow']): boolean {
  return allow.some(item => {
    if (item instanceof RegExp) return item.test(key)
    return item.endsWith('.*') ? key.startsWith(item.slice(0, -1)) : key === item
  })
}

function entryOf(key: string): AttributeEntry | undefined {
  const { attributes } = REGISTRY
  if (Object.hasOwn(attributes, key)) {
    const entry = attributes[key]
    // The prefix of a template isn't itself an attribute.
    return entry?.type.startsWith('template') ? undefined : entry
  }
  const template = Object.keys(attributes).find(
    prefix => attributes[prefix]?.type.startsWith('template') && key.startsWith(`${prefix}.`),
  )
  return template === undefined ? undefined : attributes[template]
}

function valueTypeOf({ type }: AttributeEntry): string {
  return /^template\[(.+)\]$/.exec(type)?.[1] ?? type
}

function typeFaults(type: string, value: AttributeValue): string[] {
  return isOfType(type, value) ? [] : [`must be ${type}; got ${JSON.stringify(value)}`]
}

function isOfType(type: string, value: unknown): boolean {
  switch (type) {
    case 'any':
      return true
    case 'int':
      return Number.isInteger(value)
    case 'double':
      return typeof value === 'number'
    case 'string[]':
      return Array.isArray(value) && value.every(item => typeof item === 'string')
    default:
      return typeof value === type
  }
}

function enumFaults(key: string, entry: AttributeEntry, value: AttributeValue): string[] {
  const { values, deprecatedValues } = entry
  if (!values || typeof value !== 'string') return []
  const successor = deprecatedValues?.[value]
  if (successor !== undefined) return [`has the deprecated value '${value}': use '${successor}'`]
  if (!CLOSED_ENUMS.has(key) || values.includes(value)) return []
  return [`must be one of ${values.join(', ')}; got '${value}'`]
}
