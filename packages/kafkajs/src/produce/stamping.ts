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

/** The context that a message already carries in its headers. */
interface Brought {
  /** The trace context, if it is valid. */
  readonly trace: SpanContext | undefined
  /** True: the message is passed on unchanged. */
  readonly kept: boolean
  /** Baggage without a trace: it is sent with the new context. */
  readonly baggage: Baggage | undefined
  /** True: a header named `baggage` that isn't W3C baggage stays unchanged. */
  readonly foreignBaggage: boolean
}

/** Header name of the W3C baggage propagator. */
const BAGGAGE = 'baggage'

/** What to do with the messages of one send, decided before its span starts. */
export interface Stamping {
  /** Names of the headers that a context is written to. */
  readonly fields: readonly string[]
  /** The contexts that messages already carry, by index; absent when there are none. */
  readonly brought: readonly (Brought | undefined)[] | undefined
  /** True when at least one message gets a context. */
  readonly writes: boolean
  /** True when kafkajs will refuse the messages: they then stay unchanged, so that its error shows nothing added. */
  readonly refused: boolean
}

/** The plan for messages that kafkajs will refuse. */
export const REFUSED: Stamping = { fields: [], brought: undefined, writes: true, refused: true }

/** Inspects the messages of a send. */
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

/** A message with a header that kafkajs will refuse: it is passed on unchanged. */
const UNTOUCHED: Brought = { trace: undefined, kept: true, baggage: undefined, foreignBaggage: false }

/**
 * Copies of the messages that carry a context in their headers. Messages that need no change are not copied.
 * @param contextOf context for the message at an index; a context shared by several messages is encoded once
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
    // Without a trace of ours there is nothing to replace theirs with.
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
