import type { Attributes } from '@opentelemetry/api'
import {
  ATTR_KAFKA_MESSAGE_KEY,
  ATTR_KAFKA_MESSAGE_TOMBSTONE,
  ATTR_MESSAGING_MESSAGE_BODY_SIZE,
} from '@spanwright/core/semconv'

import type { KafkaTracing } from '../tracing.ts'

/** The parts shared by incoming and outgoing messages. */
interface KeyAndValue {
  readonly key?: Buffer | string | null
  /** Any value, if the client has a serializer. */
  readonly value: Buffer | string | null | undefined
}

/**
 * Adds the attributes of one message: whether it is a tombstone and, when enabled, its key and the size of its value.
 */
export function addMessageFacts(
  tracing: KafkaTracing,
  attributes: Attributes,
  { key, value }: KeyAndValue,
): void {
  if (isTombstone({ value })) attributes[ATTR_KAFKA_MESSAGE_TOMBSTONE] = true
  else if (tracing.recordBodySize) {
    const size = sizeOf(value)
    if (size !== undefined) attributes[ATTR_MESSAGING_MESSAGE_BODY_SIZE] = size
  }
  if (!tracing.recordKey) return
  const text = textOf(key)
  if (text !== undefined) attributes[ATTR_KAFKA_MESSAGE_KEY] = text
}

export function isTombstone({ value }: KeyAndValue): boolean {
  return value === null || value === undefined
}

function sizeOf(value: unknown): number | undefined {
  if (typeof value === 'string') return Buffer.byteLength(value)
  return value instanceof Uint8Array ? value.length : undefined
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const CONTROL = /\p{Cc}/u

/** A key as text; undefined for bytes that aren't text, such as a binary number. */
function textOf(key: Buffer | string | null | undefined): string | undefined {
  if (key === null || key === undefined) return undefined
  try {
    const text = typeof key === 'string' ? key : UTF8.decode(key)
    return CONTROL.test(text) ? undefined : text
  } catch {
    return undefined
  }
}
