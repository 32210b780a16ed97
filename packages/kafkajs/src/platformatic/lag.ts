import { ConsumerLag } from '../consume/lag.ts'
import type { KafkaTracing } from '../tracing.ts'
import type { Consumer, FetchResult } from './library.ts'

interface Followed {
  readonly lag: ConsumerLag
  readonly tracing: KafkaTracing
}

const followed = new WeakMap<Consumer, Followed>()

/** High watermarks of partitions, from the last fetch. */
const watermarks = new WeakMap<Consumer, Map<string, bigint>>()

/** The lag of a consumer; undefined when it is not measured. */
export function lagOf(tracing: KafkaTracing, consumer: Consumer): ConsumerLag | undefined {
  if (!tracing.lag.prepare()) return undefined
  let known = followed.get(consumer)
  if (known?.tracing !== tracing) {
    known = { tracing, lag: new ConsumerLag(consumer.groupId) }
    followed.set(consumer, known)
  }
  tracing.lag.add(known.lag)
  return known.lag
}

/** Notes the offset of the first unprocessed message of a partition. */
export function recordLag(
  lag: ConsumerLag | undefined,
  consumer: Consumer,
  topic: string,
  partition: number,
  offset: bigint,
): void {
  const watermark = lag && watermarks.get(consumer)?.get(keyOf(topic, partition))
  if (watermark !== undefined) lag?.set(topic, partition, Number(watermark - offset))
}

/** Notes the high watermarks of a fetch. */
export function rememberWatermarks(consumer: Consumer, { responses = [] }: FetchResult): void {
  let known = watermarks.get(consumer)
  if (!known) watermarks.set(consumer, (known = new Map()))
  const names = new Map<string | undefined, string>()
  for (const [name, { id }] of consumer.currentMetadata?.topics ?? []) names.set(id, name)
  for (const { topicId, partitions } of responses) {
    const topic = names.get(topicId) ?? topicId
    for (const { partitionIndex, highWatermark } of partitions) {
      known.set(keyOf(topic, partitionIndex), highWatermark)
    }
  }
}

/** Discards the partitions that now belong to another consumer of the group. */
export function keepAssigned(consumer: Consumer): void {
  const assigned = (consumer.assignments ?? []).map(({ topic, partitions }) => [topic, partitions] as const)
  followed.get(consumer)?.lag.keepOnly(Object.fromEntries(assigned))
}

/** Stops reporting the lag of a consumer. */
export function forgetLag(consumer: Consumer): void {
  const known = followed.get(consumer)
  if (!known) return
  followed.delete(consumer)
  known.tracing.lag.delete(known.lag)
}

function keyOf(topic: string, partition: number): string {
  return `${topic}:${partition}`
}
