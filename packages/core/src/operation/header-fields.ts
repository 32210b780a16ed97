import type { TextMapSetter } from '@opentelemetry/api'

import { countRefusedField } from '../doctor/refused-fields.ts'
import { say } from '../host/diagnostics.ts'

/** A field name by RFC 9110, section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^`|~\w-]+$/
/** What a field value cannot hold by RFC 9110, section 5.5: control characters, and what is no byte. */
const NOT_IN_VALUES = /[^\t\x20-\x7E\x80-\xFF]/

/** Fields that frame or route a message, or that prove who sent it: they are the application's. */
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

/** Room for the 8192 characters of a `baggage` that has to be passed on, and for a trace context. */
const MOST_CHARACTERS = 10_240

/** True for what can be the name of a header. */
export function isFieldName(name: string): boolean {
  return TOKEN.test(name)
}

/** True for headers that nothing but the application may write, such as `content-length`. */
export function isReservedField(name: string): boolean {
  const lower = name.toLowerCase()
  return RESERVED.has(lower) || RESERVED_GROUP.test(lower)
}

/** The carrier that a propagator is given: it takes what can be a header of any protocol. */
export class HeaderFields {
  private readonly fields: string[] = []
  private characters = 0
  private isClosed = false

  /** Names and values in turn. Nothing can be written any more. */
  close(): readonly string[] {
    this.isClosed = true
    return this.fields
  }

  /** Writes a field, in the place of an earlier one of the same name. */
  write(name: unknown, value: unknown): void {
    if (this.isClosed) return refuse('it was written too late')
    if (typeof name !== 'string' || !isFieldName(name)) return refuse('its name cannot be that of a header')
    if (isReservedField(name)) return refuse('its name is reserved for the application')
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

/** Hands what a propagator writes to the carrier it was given. */
export const HEADER_FIELDS_SETTER: TextMapSetter<HeaderFields> = {
  set: (carrier, name, value) => carrier.write(name, value),
}

/** Counts and reports a field. Neither name nor value is told: they may come from outside. */
function refuse(reason: string): void {
  countRefusedField()
  say('error', `spanwright: a field of a propagator is left out: ${reason}`)
}
