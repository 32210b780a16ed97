import type { Attributes, AttributeValue } from '@opentelemetry/api'
import { reportFailure } from '@spanwright/core/plugin'

import { isPattern, wildcard } from '../sampling/match.ts'
import type { ProcessResource } from '../start/resource/process-resource.ts'
import type { Concealer } from './otlp/span.ts'
import type { ReadableSpan, TimedEvent } from './types.ts'
import { copySpan, type SpanChanges } from './span-copy.ts'

/** Data that must not leave the process: an attribute key, in which `*` matches any text, or a RegExp for values. */
export type Redaction = string | RegExp

/** Replacement for a value, or for the part of it that matched. */
const REDACTED = '[redacted]'

/** Payment card numbers: 13 to 19 digits, in one piece or in groups. */
export const cardNumbers: RegExp = /(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-])/g

// A match may start only at the first character of a run: otherwise each character would start a long search.

// A group may repeat only as often as a domain has labels: the engine remembers each repetition, and fails on millions.

/** E-mail addresses. */
export const emailAddresses: RegExp = /(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+){1,126}/g

/** Bearer tokens, with the preceding word, and JSON web tokens without it. */
export const bearerTokens: RegExp = /\bbearer\s+[\w.~+/-]+=*|(?<![\w-])-*eyJ[\w-]*\.[\w-]+\.[\w-]*/gi

/** Removes data that must not leave the process from exported spans and metrics. */
export class Redactor implements Concealer {
  private readonly keys = new Set<string>()
  private readonly keyPatterns: ((key: string) => boolean)[] = []
  private readonly valuePatterns: RegExp[] = []

  constructor(redactions: readonly Redaction[]) {
    for (const redaction of redactions) {
      if (isPattern(redaction)) this.valuePatterns.push(everywhere(redaction))
      else if (redaction.includes('*')) this.keyPatterns.push(wildcard(redaction))
      else this.keys.add(redaction)
    }
  }

  /** The span, or a copy of it when something was removed. */
  redact(span: ReadableSpan): ReadableSpan {
    const changes: SpanChanges = {}
    const name = this.text(span.name)
    if (name !== span.name) changes.name = name
    const attributes = this.attributes(span.attributes)
    if (attributes !== span.attributes) changes.attributes = attributes
    const events = this.events(span.events)
    if (events !== span.events) changes.events = events
    const links = this.carriers(span.links)
    if (links !== span.links) changes.links = links
    const { message } = span.status
    const shown = message === undefined ? undefined : this.text(message)
    if (shown !== undefined && shown !== message) changes.status = { ...span.status, message: shown }
    return Object.keys(changes).length > 0 ? copySpan(span, changes) : span
  }

  /** The redacted resource, including parts that become known later. */
  redactResource(resource: ProcessResource): ProcessResource {
    return resource.map((key, value) => this.value(key, value))
  }

  /** The same array when nothing in it changes. */
  private events(events: TimedEvent[]): TimedEvent[] {
    const redacted = this.carriers(events)
    return redacted.some(({ name }) => this.text(name) !== name)
      ? redacted.map(event => ({ ...event, name: this.text(event.name) }))
      : redacted
  }

  /** The same array when nothing in it changes. */
  private carriers<Carrier extends { attributes?: Attributes }>(carriers: Carrier[]): Carrier[] {
    let changed = false
    const redacted = carriers.map(carrier => {
      if (!carrier.attributes) return carrier
      const attributes = this.attributes(carrier.attributes)
      if (attributes === carrier.attributes) return carrier
      changed = true
      return { ...carrier, attributes }
    })
    return changed ? redacted : carriers
  }

  /** The same object when nothing in it changes. */
  attributes(attributes: Attributes): Attributes {
    let redacted: Attributes | undefined
    for (const [key, value] of Object.entries(attributes)) {
      const shown = this.value(key, value) as AttributeValue | undefined
      if (shown !== value) (redacted ??= { ...attributes })[key] = shown
    }
    return redacted ?? attributes
  }

  private isSecret(key: string): boolean {
    return this.keys.has(key) || this.keyPatterns.some(isMatch => isMatch(key))
  }

  /** The redacted value of a key. */
  value(key: string, value: unknown): unknown {
    if (this.isSecret(key)) return REDACTED
    if (typeof value === 'string') return this.text(value)
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
    return Array.isArray(value) ? this.items(key, value) : this.members(key, value)
  }

  /** The same array when nothing in it changes. */
  private items(key: string, items: readonly unknown[]): readonly unknown[] {
    const shown = items.map(item => this.value(key, item))
    return shown.some((item, index) => item !== items[index]) ? shown : items
  }

  /** A member is secret by its own key, and by that after the keys it is beneath: `user.email`. */
  private members(key: string, members: object): object {
    const entries: [string, unknown][] = Object.entries(members)
    const shown = entries.map(([name, item]): [string, unknown] => [
      name,
      this.isSecret(name) ? REDACTED : this.value(`${key}.${name}`, item),
    ])
    return shown.some(([, item], index) => item !== entries[index]?.[1]) ? Object.fromEntries(shown) : members
  }

  /** The text without the parts that match; nothing of it when the engine cannot search all of it. */
  text(text: string): string {
    try {
      return this.valuePatterns.reduce((shown, pattern) => shown.replaceAll(pattern, REDACTED), text)
    } catch (error) {
      // A pattern that backtracks too far in a long text, or too little stack left by the application.
      if (!(error instanceof RangeError)) throw error
      reportFailure('searching a text for data to redact', error)
      return REDACTED
    }
  }
}

function everywhere(pattern: RegExp): RegExp {
  // A sticky pattern would match only at the beginning.
  return new RegExp(pattern.source, `${pattern.flags.replaceAll(/[gy]/g, '')}g`)
}
