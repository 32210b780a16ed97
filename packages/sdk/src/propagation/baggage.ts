import {
  type Baggage,
  type BaggageEntry,
  baggageEntryMetadataFromString,
  type Context,
  propagation,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
} from '@opentelemetry/api'

import { joinedOf, withoutBlanks } from './carrier.ts'
import { isTracingSuppressed } from './suppressed.ts'

const FIELD = 'baggage'

// The limits of OpenTelemetry's SDKs; W3C requires 64 members and 8192 bytes.
const MAX_MEMBERS = 180
const MAX_MEMBER = 4096
const MAX_LENGTH = 8192

/** Propagates baggage in the header of W3C Baggage; members beyond the limits, or invalid, are left out. */
export class BaggagePropagator implements TextMapPropagator {
  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    const baggage = propagation.getBaggage(context)
    if (!baggage || isTracingSuppressed(context)) return
    const header = headerOf(baggage)
    if (header !== '') setter.set(carrier, FIELD, header)
  }

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    const header = joinedOf(carrier, getter, FIELD)
    const entries = header ? entriesIn(header) : []
    if (entries.length === 0) return context
    return propagation.setBaggage(context, propagation.createBaggage(Object.fromEntries(entries)))
  }

  fields(): string[] {
    return [FIELD]
  }
}

function headerOf(baggage: Baggage): string {
  let header = ''
  let count = 0
  for (const [key, entry] of baggage.getAllEntries()) {
    const member = memberOf(key, entry)
    if (member === undefined || member.length > MAX_MEMBER) continue
    const longer = header === '' ? member : `${header},${member}`
    if (longer.length > MAX_LENGTH) continue
    header = longer
    count += 1
    if (count === MAX_MEMBERS) break
  }
  return header
}

function memberOf(key: string, { value, metadata }: BaggageEntry): string | undefined {
  try {
    const member = `${encodeURIComponent(key)}=${encodeURIComponent(value)}`
    return metadata === undefined ? member : `${member};${metadata.toString()}`
  } catch {
    // Half a surrogate pair has no encoding.
    return undefined
  }
}

function entriesIn(header: string): [key: string, entry: BaggageEntry][] {
  const entries: [string, BaggageEntry][] = []
  let length = 0
  // Not split(), which would make an array of whatever length was sent.
  for (let start = 0; start <= header.length && entries.length < MAX_MEMBERS;) {
    const comma = header.indexOf(',', start)
    const end = comma < 0 ? header.length : comma
    const entry = end - start <= MAX_MEMBER ? entryIn(header.slice(start, end)) : undefined
    if (entry) {
      length += end - start + (entries.length === 0 ? 0 : 1)
      if (length > MAX_LENGTH) break
      entries.push(entry)
    }
    start = end + 1
  }
  return entries
}

function entryIn(member: string): [key: string, entry: BaggageEntry] | undefined {
  const semicolon = member.indexOf(';')
  const pair = semicolon < 0 ? member : member.slice(0, semicolon)
  const equals = pair.indexOf('=')
  if (equals < 0) return undefined
  const key = decoded(pair.slice(0, equals))
  const value = decoded(pair.slice(equals + 1))
  if (!key || !value) return undefined
  const metadata = semicolon < 0 ? '' : member.slice(semicolon + 1)
  return [key, metadata === '' ? { value } : { value, metadata: baggageEntryMetadataFromString(metadata) }]
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(withoutBlanks(text))
  } catch {
    return undefined
  }
}
