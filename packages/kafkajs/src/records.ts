import {
  type Baggage,
  type Context,
  defaultTextMapSetter,
  type Link,
  propagation,
  ROOT_CONTEXT,
  trace,
} from '@opentelemetry/api'
import { extractContext, injectContext, isInTrace, propagatedFields } from '@spanwright/core'

import { hasAnyHeader, headerGetter, replaceHeaders } from './carrier.ts'
import { copyWith } from './copy.ts'
import type { OutgoingMessage } from './library.ts'
import type { KafkaTracing } from './tracing.ts'

/** What a message brought along in its headers. */
interface Brought {
  /** True: it is handed on as it is. */
  readonly kept: boolean
  /** Baggage without a trace: it goes on with the new context. */
  readonly baggage: Baggage | undefined
}

const STALE: Brought = { kept: false, baggage: undefined }
const KEPT: Brought = { kept: true, baggage: undefined }

/** What is to be done with the messages of one send, decided before its span is started. */
export interface Stamping {
  /** Links to the contexts that the messages bring along. */
  readonly links: Link[]
  /** False when the send's own context goes into no message. */
  readonly injects: boolean
  /** True when kafkajs will refuse the messages: then they stay as they are, also in what its error shows. */
  readonly refused: boolean
  readonly fields: readonly string[]
  readonly brought: readonly (Brought | undefined)[] | undefined
}

/** Looks through the messages of a send. */
export function planStamping(tracing: KafkaTracing, messages: readonly OutgoingMessage[]): Stamping {
  const fields = propagatedFields(tracing.settings)
  const links: Link[] = []
  if (!messages.every(isAcceptable)) {
    return { links, injects: true, refused: true, fields, brought: undefined }
  }
  let brought: (Brought | undefined)[] | undefined
  let kept = 0
  for (const [index, { headers }] of messages.entries()) {
    if (!headers || !hasAnyHeader(headers, fields)) continue
    const own = broughtBy(extractContext(tracing.settings, ROOT_CONTEXT, headers, headerGetter), links)
    if (own.kept) kept++
    brought ??= []
    brought[index] = own
  }
  const injects = kept === 0 || kept < messages.length
  return { links, injects, refused: false, fields, brought }
}

function broughtBy(context: Context, links: Link[]): Brought {
  const spanContext = trace.getSpanContext(context)
  if (!spanContext || !isInTrace(context)) {
    const baggage = propagation.getBaggage(context)
    return baggage ? { kept: false, baggage } : STALE
  }
  links.push({ context: spanContext })
  return KEPT
}

/** Copies of the messages that carry a context in their headers. What needs no change is not copied. */
export function stampMessages(
  tracing: KafkaTracing,
  { refused, injects, fields, brought }: Stamping,
  messages: readonly OutgoingMessage[],
  context: Context,
): readonly OutgoingMessage[] {
  if (refused || !injects) return messages
  // Encoded once per send: all its messages carry the same context.
  const carrier = carrierOf(tracing, context)
  if (Object.keys(carrier).length === 0) return messages
  return messages.map((message, index) => {
    const own = brought?.[index]
    if (!own) return withHeaders(message, { ...message.headers, ...carrier })
    if (own.kept) return message
    const replacement = own.baggage
      ? carrierOf(tracing, propagation.setBaggage(context, own.baggage))
      : carrier
    return withHeaders(message, replaceHeaders(message.headers ?? {}, fields, replacement))
  })
}

function carrierOf(tracing: KafkaTracing, context: Context): Readonly<Record<string, string>> {
  const carrier: Record<string, string> = {}
  injectContext(tracing.settings, context, carrier, defaultTextMapSetter)
  return carrier
}

/** A message that kafkajs will not refuse before it looks at its parts. */
function isAcceptable(message: OutgoingMessage | null | undefined): boolean {
  if (typeof message !== 'object' || message === null || message.value === undefined) return false
  const { headers } = message
  return headers === undefined || (typeof headers === 'object' && headers !== null)
}

function withHeaders(message: OutgoingMessage, headers: OutgoingMessage['headers']): OutgoingMessage {
  return copyWith(message, { headers })
}
