import { type Attributes, type AttributeValue, SpanKind } from '@opentelemetry/api'
import { anyOf, aFunction, aString, type OptionRule } from '@spanwright/core/plugin'

/** Names of span kinds. */
export type RuleKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer'

/** A value, an array of values, a RegExp for its text, or a function. */
export type ValueMatch =
  | string
  | number
  | boolean
  | RegExp
  | readonly (string | number | boolean)[]
  | ((value: AttributeValue | undefined) => boolean)

/** Which spans a rule matches; properties that are left out are not checked. */
export interface SpanMatch {
  /** Kind of the span. */
  readonly kind?: RuleKind
  /** Name of the span. */
  readonly name?: ValueMatch
  /** Attributes of the span by key, all of which must match. */
  readonly attributes?: Readonly<Record<string, ValueMatch>>
}

/** The data of a span that rules are evaluated on. */
export interface Candidate {
  readonly name: string
  readonly kind: SpanKind
  readonly attributes: Attributes
}

const KINDS: Readonly<Record<RuleKind, SpanKind>> = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
}

export const RULE_KINDS: readonly RuleKind[] = Object.keys(KINDS) as RuleKind[]

export const aValueMatch: OptionRule = {
  ...anyOf(aString, aFunction),
  expected: 'a string, number, boolean, RegExp, function, or an array of strings, numbers, booleans',
  accepts: value =>
    isPlain(value) ||
    typeof value === 'function' ||
    isPattern(value) ||
    (Array.isArray(value) && value.every(isPlain)),
}

/** True when a span matches a rule. */
export function matches(match: SpanMatch, { name, kind, attributes }: Candidate): boolean {
  if (match.kind !== undefined && KINDS[match.kind] !== kind) return false
  if (match.name !== undefined && !matchesValue(match.name, name)) return false
  for (const key in match.attributes) {
    const wanted = match.attributes[key]
    if (wanted !== undefined && !matchesValue(wanted, attributes[key])) return false
  }
  return true
}

function matchesValue(match: ValueMatch, value: AttributeValue | undefined): boolean {
  if (typeof match === 'function') return match(value)
  if (isPattern(match)) return value !== undefined && String(value).search(match) >= 0
  if (Array.isArray(match)) return match.includes(value)
  return match === value
}

/** Compares whole texts with a pattern in which `*` matches any text: the parts between the stars are searched in order. */
export function wildcard(pattern: string): (text: string) => boolean {
  const [first = '', ...parts] = pattern.split('*')
  const last = parts.pop()
  if (last === undefined) return text => text === pattern
  return text => {
    if (!text.startsWith(first)) return false
    let at = first.length
    for (const part of parts) {
      const found = text.indexOf(part, at)
      if (found < 0) return false
      at = found + part.length
    }
    return text.length >= at + last.length && text.endsWith(last)
  }
}

/** Also of another realm, such as a test runner's. */
export function isPattern(value: unknown): value is RegExp {
  return Object.prototype.toString.call(value) === '[object RegExp]'
}

function isPlain(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}
