import type { TextMapSetter } from '@opentelemetry/api'

import { countRefusedField } from '../doctor/diagnosis.ts'
import { say } from '../host/diagnostics.ts'

/** A field name by RFC 9110, section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^`|~\w-]+$/
/**
 * Characters not allowed in a field value by RFC 9110, section 5.5: control characters, and characters above U+00FF.
 */
const NOT_IN_VALUES = /[^\t\x20-\x7E\x80-\xFF]/

/** Fields that frame or route a message, or authenticate its sender: only the application may set them. */
const RESERVED = new Set([
  'authorization',
  'connection',
  'cookie',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
const RESERVED_GROUP = /^(?:content|proxy)-/

/** Room for the 8192 characters of `baggage` that W3C Baggage requires to be propagated, and for a trace context. */
const MOST_CHARACTERS = 10_240

/** True for a valid header name. */
export function isFieldName(name: string): boolean {
  return TOKEN.test(name)
}

/** True for headers that only the application may write, such as `content-length`. */
export function isReservedField(name: string): boolean {
  const lower = name.toLowerCase()
  return RESERVED.has(lower) || RESERVED_GROUP.test(lower)
}

/** Names that were found to be allowed: propagators write the same ones for each request. */
const ALLOWED = new Set<string>()
const MOST_ALLOWED = 100

/** True for a name that a propagator may write. */
export function isWritableField(name: string): boolean {
  if (ALLOWED.has(name)) return true
  if (!isFieldName(name) || isReservedField(name)) return false
  if (ALLOWED.size < MOST_ALLOWED) ALLOWED.add(name)
  return true
}

/** The carrier passed to a propagator: accepts only fields that are valid headers in any protocol. */
export class HeaderFields {
  private readonly fields: string[] = []
  private characters = 0
  private isClosed = false

  /** Ends writing and returns alternating names and values. */
  close(): readonly string[] {
    this.isClosed = true
    return this.fields
  }

  /** Writes a field, replacing an earlier one of the same name. */
  write(name: unknown, value: unknown): void {
    if (this.isClosed) return refuse('it was written too late')
    if (typeof name !== 'string') return refuse('its name cannot be that of a header')
    if (!isWritableField(name)) {
      return refuse(
        isFieldName(name)
          ? 'its name is reserved for the application'
          : 'its name cannot be that of a header',
      )
    }
    if (typeof value !== 'string' || NOT_IN_VALUES.test(value))
      return refuse('its value cannot be that of a header')
    const at = this.indexOf(name)
    const grown =
      this.characters + value.length + (at < 0 ? name.length : -(this.fields[at + 1] ?? '').length)
    if (grown > MOST_CHARACTERS) return refuse('the context is too long')
    this.characters = grown
    if (at < 0) this.fields.push(name, value)
    else this.fields[at + 1] = value
  }

  private indexOf(name: string): number {
    const { fields } = this
    for (let i = 0; i < fields.length; i += 2) {
      if (fields[i]?.length === name.length && fields[i]?.toLowerCase() === name.toLowerCase()) return i
    }
    return -1
  }
}

/** Passes what a propagator writes to its carrier. */
export const HEADER_FIELDS_SETTER: TextMapSetter<HeaderFields> = {
  set: (carrier, name, value) => carrier.write(name, value),
}

/** Counts and reports a refused field, without its name and value, because they may come from outside. */
function refuse(reason: string): void {
  countRefusedField()
  say('error', `spanwright: a field of a propagator was omitted: ${reason}`)
}
