import type { Attributes, Context } from '@opentelemetry/api'
import { MESSAGING_PARTITION_METRIC_ATTRIBUTES } from '@spanwright/core/semconv'
import { pickAttributes } from '@spanwright/core/plugin'

import type { IncomingMessage } from '../library.ts'
import type { KafkaTracing } from '../tracing.ts'

/**
 * How long a message waited before its processing began, in seconds; undefined when its record has no timestamp. It is
 * 0 when the clock is behind the producer's.
 * @param now start of the processing, in milliseconds since 1970
 */
export function queueTimeOf({ timestamp }: IncomingMessage, now: number): number | undefined {
  const written = Number(timestamp)
  return written > 0 ? Math.max(now - written, 0) / 1000 : undefined
}

/** The longest queue time of the messages. */
export function longestQueueTime(messages: readonly IncomingMessage[], now: number): number | undefined {
  let longest: number | undefined
  for (const message of messages) {
    const time = queueTimeOf(message, now)
    if (time !== undefined && (longest === undefined || time > longest)) longest = time
  }
  return longest
}

/** Records how long messages waited. */
export function recordQueueTimes(
  tracing: KafkaTracing,
  messages: Iterable<IncomingMessage>,
  now: number,
  attributes: Attributes,
  context: Context,
): void {
  const { queueDuration } = tracing
  if (!queueDuration.prepare()) return
  const picked = pickAttributes(attributes, MESSAGING_PARTITION_METRIC_ATTRIBUTES)
  for (const message of messages) {
    const time = queueTimeOf(message, now)
    if (time !== undefined) queueDuration.record(time, picked, context)
  }
}
