import {
  type Baggage,
  type Context,
  defaultTextMapSetter,
  propagation,
  ROOT_CONTEXT,
  type SpanContext,
} from '@opentelemetry/api'
import { extractContext, injectContext, isInTrace, propagatedFields, traceOf } from '@spanwright/core/plugin'

import { hasAnyHeader, headerGetter, type RecordHeaders } from '../message/carrier.ts'
import type { OutgoingMessage } from '../library.ts'
import type { Carrier, MessageHeaders } from '../message/headers.ts'
import { isBeingProcessed } from '../consume/processed.ts'
import type { SendScene } from './topic-send.ts'
import type { KafkaTracing } from '../tracing.ts'

/** What a message brings along in its headers. */
interface Brought {
  /** The trace context; absent when it is none. */
  readonly trace: SpanContext | undefined
  /** True: the message is handed on as it is. */
  readonly kept: boolean
  /** Baggage without a trace: it goes on with the new context. */
  readonly baggage: Baggage | undefined
  /** True: a header that is named as that of the baggage and is none, a suitcase maybe, stays as it is. */
  readonly foreignBaggage: boolean
}

/** Name of the header of the W3C propagator of baggage. */
const BAGGAGE = 'baggage'

/** What is to be done with the messages of one send, decided before its span is started. */
export interface Stamping {
  /** Names of the headers a context is written in. */
  readonly fields: readonly string[]
  /** What messages bring along, by their index; absent when none does. */
  readonly brought: readonly (Brought | undefined)[] | undefined
  /** True when some message is to be given a context. */
  readonly writes: boolean
  /** True when kafkajs will refuse the messages: then they stay as they are, also in what its error shows. */
  readonly refused: boolean
}

/** What is done with messages that kafkajs will refuse. */
export const REFUSED: Stamping = { fields: [], brought: undefined, writes: true, refused: true }

/** Looks through the messages of a send. */
export function planStamping(
  tracing: KafkaTracing,
  format: MessageHeaders,
  messages: readonly OutgoingMessage[],
  { active, contexts }: SendScene,
): Stamping {
  const fields = propagatedFields(tracing.settings)
  let brought: (Brought | undefined)[] | undefined
  let kept = 0
  for (const [index, message] of messages.entries()) {
    const headers = format.read(message)
    if (!headers || !hasAnyHeader(headers, fields)) continue
    const own = format.takes(headers, fields)
      ? broughtIn(tracing, headers, contexts?.[index] ?? active)
      : UNTOUCHED
    if (own.kept) kept++
    brought ??= []
    brought[index] = own
  }
  const writes = tracing.inject && format.writable && (kept === 0 || kept < messages.length)
  return { fields, brought, writes, refused: false }
}

function broughtIn(tracing: KafkaTracing, headers: RecordHeaders, active: Context): Brought {
  const context = extractContext(tracing.settings, ROOT_CONTEXT, headers, headerGetter)
  const spanContext = traceOf(context)
  const baggage = propagation.getBaggage(context)
  const foreignBaggage = baggage === undefined && hasAnyHeader(headers, [BAGGAGE])
  if (!spanContext) return { trace: undefined, kept: false, baggage, foreignBaggage }
  const kept = tracing.keepsExistingContext && !isBeingProcessed(active, spanContext)
  return { trace: spanContext, kept, baggage: undefined, foreignBaggage }
}

/** A message with a header that kafkajs will refuse: it is handed on as it is, to be refused. */
const UNTOUCHED: Brought = { trace: undefined, kept: true, baggage: undefined, foreignBaggage: false }

/**
 * Copies of the messages that carry a context in their headers. What needs no change is not copied.
 * @param contextOf context for the message at an index; the same one for several messages is encoded once
 */
export function stampMessages(
  tracing: KafkaTracing,
  format: MessageHeaders,
  { fields, brought, writes, refused }: Stamping,
  messages: readonly OutgoingMessage[],
  contextOf: (index: number) => Context,
): readonly OutgoingMessage[] {
  if (refused || !writes) return messages
  let encoded: Context | undefined
  let carrier: Carrier = {}
  let isEmpty = true
  return messages.map((message, index) => {
    const own = brought?.[index]
    if (own?.kept) return message
    const context = contextOf(index)
    if (context !== encoded) {
      carrier = carrierOf(tracing, context)
      isEmpty = Object.keys(carrier).length === 0
      encoded = context
    }
    // Without a trace of ours there is nothing to put in the place of theirs.
    if (own && !isInTrace(context)) return message
    if (!own) return isEmpty ? message : format.write(message, carrier)
    if (own.foreignBaggage) {
      const withoutBaggage = carrierOf(tracing, propagation.deleteBaggage(context))
      return format.write(message, withoutBaggage, withoutField(fields, BAGGAGE))
    }
    const replacement = own.baggage
      ? carrierOf(tracing, propagation.setBaggage(context, own.baggage))
      : carrier
    return format.write(message, replacement, fields)
  })
}

function withoutField(fields: readonly string[], left: string): readonly string[] {
  return fields.filter(field => field !== left)
}

function carrierOf(tracing: KafkaTracing, context: Context): Carrier {
  const carrier: Record<string, string> = {}
  injectContext(tracing.settings, context, carrier, defaultTextMapSetter)
  return carrier
}
