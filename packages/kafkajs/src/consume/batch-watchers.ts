import { attempt, keepFace } from '@spanwright/core/plugin'

import { type Commits, positionsIn } from './commit.ts'
import type { Batch, EachBatchPayload } from '../library.ts'
import type { ConsumerLag } from './lag.ts'

/** Observers of what a batch handler does with its offsets. */
export interface BatchWatchers {
  /** Undefined when commits have no spans. */
  readonly commits: Commits | undefined
  readonly lag: ConsumerLag
  /** True when kafkajs leaves it to the handler to resolve offsets. */
  readonly resolvedByHand: boolean
}

/** The payload functions, wrapped to observe what the handler does. */
export function watchedBy(
  { commits, lag, resolvedByHand }: BatchWatchers,
  { batch, commitOffsetsIfNecessary, resolveOffset }: EachBatchPayload,
): Partial<EachBatchPayload> {
  if (resolvedByHand) lag.leaveToHandler(batch.topic, batch.partition)
  return {
    ...(commits &&
      typeof commitOffsetsIfNecessary === 'function' && {
        commitOffsetsIfNecessary: committing(commits, commitOffsetsIfNecessary),
      }),
    ...(typeof resolveOffset === 'function' && { resolveOffset: resolving(lag, batch, resolveOffset) }),
  }
}

type Commit = NonNullable<EachBatchPayload['commitOffsetsIfNecessary']>

function committing(commits: Commits, original: Commit): Commit {
  return keepFace(function commitOffsetsIfNecessary(this: unknown, offsets) {
    return commits.follow(positionsIn(offsets), () => original.call(this, offsets))
  }, original)
}

type Resolve = NonNullable<EachBatchPayload['resolveOffset']>

function resolving(lag: ConsumerLag, batch: Batch, original: Resolve): Resolve {
  return keepFace(function resolveOffset(this: unknown, offset) {
    original.call(this, offset)
    attempt('measuring the lag', resolve, lag, batch, offset)
  }, original)
}

function resolve(lag: ConsumerLag, batch: Batch, offset: string): void {
  const { topic, partition, messages } = batch
  // As in kafkajs: handlers do not see the records after the last message.
  const isLast = offset === messages.at(-1)?.offset
  lag.resolve(topic, partition, (isLast && batch.lastOffset?.()) || offset)
}
