import { copyWith } from '@spanwright/core/plugin'

import { headersOf, isWritable, type RecordHeaders, replaceHeaders } from './carrier.ts'
import type { OutgoingMessage } from '../library.ts'

/** A context as header fields. */
export type Carrier = Readonly<Record<string, string>>

/** How the messages of a library hold their headers. */
export interface MessageHeaders {
  /** False when no header can be written, so messages stay unchanged. */
  readonly writable: boolean
  /** True for a message that the library will not refuse before reading its parts. */
  accepts(message: OutgoingMessage | null | undefined): boolean
  /** False when the library will refuse one of these headers, matched case-insensitively. */
  takes(headers: RecordHeaders, fields: readonly string[]): boolean
  /** The headers of a message; undefined when it has none. */
  read(message: OutgoingMessage): RecordHeaders | undefined
  /** A copy of a message with additional headers, without those in `replaced`, matched case-insensitively. */
  write(message: OutgoingMessage, carrier: Carrier, replaced?: readonly string[]): OutgoingMessage
}

/** Headers as in kafkajs: a plain object. */
export const PLAIN_HEADERS: MessageHeaders = {
  writable: true,
  accepts(message) {
    if (typeof message !== 'object' || message === null || message.value === undefined) return false
    const { headers } = message
    return headers === undefined || (typeof headers === 'object' && headers !== null)
  },
  takes: (headers, fields) => headersOf(headers, fields).every(isWritable),
  read: ({ headers }) => headers,
  write(message, carrier, replaced) {
    const { headers } = message
    if (!headers) return copyWith(message, { headers: { ...carrier } })
    const written = replaced ? replaceHeaders(headers, replaced, carrier) : { ...headers, ...carrier }
    return copyWith(message, { headers: written })
  },
}
