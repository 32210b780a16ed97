import { type Context, context as contextApi, trace } from '@opentelemetry/api'
import {
  decide,
  type Ending,
  guardMethods,
  type Operation,
  spanContextOf,
  SUCCESS,
  suppressTracing,
} from '@spanwright/core/plugin'

import type { Client } from '../client.ts'
import { kafkaFailure } from '../failure.ts'
import type { IncomingMessage } from '../library.ts'
import { carriedContext, type Delivery, startMessage } from '../consume/message.ts'
import type { KafkaOperation } from '../options.ts'
import type { KafkaTracing } from '../tracing.ts'
import { headersIn } from './headers.ts'
import type { PlatformaticIncomingMessage, RawRecord } from './library.ts'

/**
 * The processing of one message: starts when the stream delivers it, and ends when all its parts have finished. Work
 * that starts later runs beneath its ended span.
 */
export class MessageProcess {
  private readonly operation: Operation<KafkaOperation> | undefined
  private readonly whenOver: () => void
  private beneath: Context
  private ending: Ending = SUCCESS
  private parts = 0

  constructor(operation: Operation<KafkaOperation> | undefined, beneath: Context, whenOver: () => void) {
    this.operation = operation
    this.beneath = beneath
    this.whenOver = whenOver
  }

  /** Runs a part of the processing within the span, which does not end before that part. */
  run<T>(work: () => T): T {
    return contextApi.with(this.beneath, work)
  }

  /** Adds a part of the processing, until {@link release} is called. */
  hold(): void {
    this.parts++
  }

  /** Ends the span when no other part is left. */
  release(): void {
    if (--this.parts > 0 || !this.operation || this.operation.ended) return
    // Later work stays in the trace; the ids suffice for that.
    this.beneath = trace.setSpanContext(this.beneath, spanContextOf(this.operation.span))
    this.operation.end(this.ending)
    this.whenOver()
  }

  /** Notes that a part of the processing failed. */
  failed(error: unknown): void {
    if (this.ending === SUCCESS) this.ending = kafkaFailure(error)
  }
}

guardMethods('following a message', MessageProcess, 'release', 'failed')

/** Starts the processing of a message that is being delivered. */
export function startProcess(
  tracing: KafkaTracing,
  client: Client,
  message: PlatformaticIncomingMessage,
  raw: RawRecord,
  whenOver: () => void,
): MessageProcess {
  const delivery = deliveryOf(message, raw)
  const carried = carriedContext(tracing, delivery.message)
  const record = tracing.needsRecord ? describe(client, message) : undefined
  const decision = decide(tracing.settings, carried, record)
  if (decision !== 'trace') {
    return new MessageProcess(undefined, decision === 'ignore' ? suppressTracing(carried) : carried, whenOver)
  }
  const operation = startMessage(tracing, client, delivery, carried, record, undefined)
  return new MessageProcess(operation, operation.context, whenOver)
}

/** The original message, with the bytes of its record instead of the deserialized values. */
function deliveryOf(
  { topic, partition, offset, timestamp }: PlatformaticIncomingMessage,
  raw: RawRecord,
): Delivery {
  const { key, value = null } = raw
  const message = { key, value, offset, timestamp, headers: headersIn(raw) }
  return { topic, partition, message: message as unknown as IncomingMessage }
}

function describe({ groupId }: Client, message: PlatformaticIncomingMessage): KafkaOperation {
  const { topic, partition } = message
  const described = { topic, partition, message, ...(groupId !== undefined && { groupId }) }
  return described as unknown as KafkaOperation
}
