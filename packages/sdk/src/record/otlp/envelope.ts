import type { InstrumentationScope, SpanResource } from '../types.ts'
import { writeAttribute } from './attributes.ts'
import { varintSize, Writer } from './writer.ts'

// Tags of the messages around spans: ExportTraceServiceRequest, ResourceSpans, ScopeSpans and their fields.
const RESOURCE_SPANS = 0x0a
const RESOURCE = 0x0a
const RESOURCE_ATTRIBUTES = 0x0a
const SCOPE_SPANS = 0x12
const SCOPE = 0x0a
const SCOPE_NAME = 0x0a
const SCOPE_VERSION = 0x12
const SCHEMA_URL = 0x1a

/** The resource as a field of ResourceSpans. */
export function resourceField({ attributes, schemaUrl }: SpanResource): Uint8Array {
  const writer = new Writer()
  const opened = writer.open(RESOURCE)
  for (const key in attributes) {
    const value = attributes[key]
    if (value !== undefined) writeAttribute(writer, RESOURCE_ATTRIBUTES, key, value)
  }
  writer.close(opened)
  writer.string(SCHEMA_URL, schemaUrl ?? '')
  return writer.written()
}

/** The scope as a field of ScopeSpans. */
export function scopeField({ name, version, schemaUrl }: InstrumentationScope): Uint8Array {
  const writer = new Writer()
  const opened = writer.open(SCOPE)
  writer.string(SCOPE_NAME, name)
  writer.string(SCOPE_VERSION, version ?? '')
  writer.close(opened)
  writer.string(SCHEMA_URL, schemaUrl ?? '')
  return writer.written()
}

/** The bytes before the spans of a scope, whose size is given. */
export function scopeHead(scope: Uint8Array, bytes: number): Uint8Array {
  return withLength(SCOPE_SPANS, scope.length + bytes, scope)
}

/** The bytes before all scopes, whose size is given. */
export function requestHead(resource: Uint8Array, bytes: number): Uint8Array {
  return withLength(RESOURCE_SPANS, resource.length + bytes, resource)
}

function withLength(tag: number, length: number, content: Uint8Array): Uint8Array {
  const writer = new Writer(1 + varintSize(length) + content.length)
  writer.bytes[writer.position++] = tag
  writer.varint(length)
  writer.raw(content)
  return writer.bytes
}
