import { copyWith } from '@spanwright/core/plugin'

import { type RecordHeaders, replaceHeaders } from '../message/carrier.ts'
import type { OutgoingMessage } from '../library.ts'
import type { Carrier, MessageHeaders } from '../message/headers.ts'
import type { PlatformaticOutgoingMessage, RawRecord } from './library.ts'

type Serializer = (data: unknown) => unknown

/** Converts a text to the header value whose serialized bytes are that text. */
type Form = (text: string) => unknown

const asText: Form = text => text
const asBytes: Form = text => Buffer.from(text)

/**
 * Message headers as in a producer of @platformatic/kafka: a Map or a plain object, with values that its serializers
 * turn into bytes. Without serializers they are bytes.
 */
export function headersOf(producer: object): MessageHeaders {
  const { headerKey, headerValue } = serializersOf(producer)
  const keyForm = formFor(headerKey)
  const valueForm = formFor(headerValue)
  if (!keyForm || !valueForm)
    return { writable: false, accepts, takes: () => true, read: readHeaders, write: message => message }
  return {
    writable: true,
    accepts,
    // Only its serializers define which values are valid.
    takes: () => true,
    read: readHeaders,
    write(message, carrier, replaced) {
      const { headers } = message as unknown as PlatformaticOutgoingMessage
      const written =
        isPlain(headers) && keyForm === asText
          ? plainHeaders(headers, formed(carrier, valueForm), replaced)
          : mapOf(headers, carrier, keyForm, valueForm, replaced)
      return copyWith(message, { headers: written })
    },
  }
}

/** Headers of a record from the broker. The last value of a repeated header counts. */
export function headersIn({ headers }: RawRecord): RecordHeaders | undefined {
  if (headers.length === 0) return undefined
  const read = Object.create(null) as Record<string, Buffer | null>
  for (const [name, value] of headers) if (name) read[name.toString()] = value
  return read
}

function serializersOf(producer: object): { headerKey?: Serializer; headerValue?: Serializer } {
  const symbol = Object.getOwnPropertySymbols(producer).find(
    ({ description }) => description === 'plt.kafka.base.options',
  )
  const options = symbol && (producer as Record<symbol, unknown>)[symbol]
  const { serializers, registry } = Object(options) as {
    serializers?: Record<string, Serializer>
    registry?: { getSerializers(): Record<string, Serializer> }
  }
  return registry?.getSerializers() ?? serializers ?? {}
}

/** Undefined when the serializer turns text into something else, such as JSON. */
function formFor(serializer: Serializer | undefined): Form | undefined {
  if (!serializer) return asBytes
  return [asText, asBytes].find(form => {
    try {
      const bytes = serializer(form('traceparent'))
      return bytes instanceof Uint8Array && Buffer.from(bytes).toString() === 'traceparent'
    } catch {
      return false
    }
  })
}

/** The library validates almost nothing: a value that isn't an object is left for it to fail on. */
function accepts(message: OutgoingMessage | null | undefined): boolean {
  return typeof message === 'object' && message !== null
}

function readHeaders(message: OutgoingMessage): RecordHeaders | undefined {
  const { headers } = message as unknown as PlatformaticOutgoingMessage
  if (!(headers instanceof Map)) return headers as RecordHeaders | undefined
  const named = Object.create(null) as Record<string, RecordHeaders[string]>
  for (const [name, value] of headers) named[String(name)] = value as RecordHeaders[string]
  return named
}

function isPlain(headers: PlatformaticOutgoingMessage['headers']): headers is Record<string, unknown> {
  return headers !== undefined && headers !== null && !(headers instanceof Map)
}

function formed(carrier: Carrier, form: Form): Record<string, unknown> {
  return Object.fromEntries(Object.entries(carrier).map(([name, value]) => [name, form(value)]))
}

function plainHeaders(
  headers: Readonly<Record<string, unknown>>,
  added: Readonly<Record<string, unknown>>,
  replaced: readonly string[] | undefined,
): Readonly<Record<string, unknown>> {
  if (!replaced) return { ...headers, ...added }
  return replaceHeaders(headers as RecordHeaders, replaced, added as Record<string, string>)
}

function mapOf(
  headers: PlatformaticOutgoingMessage['headers'],
  carrier: Carrier,
  keyForm: Form,
  valueForm: Form,
  replaced: readonly string[] = [],
): ReadonlyMap<unknown, unknown> {
  const dropped = new Set(replaced.map(field => field.toLowerCase()))
  const entries = isPlain(headers) ? Object.entries(headers) : (headers ?? [])
  const written = new Map<unknown, unknown>()
  for (const [name, value] of entries as Iterable<[unknown, unknown]>) {
    if (!dropped.has(String(name).toLowerCase())) written.set(name, value)
  }
  for (const [name, value] of Object.entries(carrier)) written.set(keyForm(name), valueForm(value))
  return written
}
