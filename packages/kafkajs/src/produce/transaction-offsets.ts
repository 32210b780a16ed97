import { type Context, context as contextApi, trace } from '@opentelemetry/api'
import { attempt, type Operation, runToEnd, spanContextOf, wrapMethod } from '@spanwright/core/plugin'

import type { Client } from '../client.ts'
import { positionsIn, startCommit } from '../consume/commit.ts'
import { groupOf } from '../consume/consumer.ts'
import { clientFailure } from '../failure.ts'
import type { GroupOffsets, Transaction } from '../library.ts'
import type { KafkaOperation } from '../options.ts'
import type { KafkaTracing } from '../tracing.ts'

/** Creates a span for each offset commit of a transaction. `parentOf` returns its parent context. */
export function traceOffsets(
  tracing: KafkaTracing,
  client: Client,
  transaction: Partial<Transaction>,
  parentOf: (active: Context) => Context,
): void {
  if (!tracing.commitSpans || typeof transaction.sendOffsets !== 'function') return
  const start = (offsets: GroupOffsets): Operation<KafkaOperation> | undefined => {
    const { consumerGroupId, consumer } = Object(offsets) as Partial<GroupOffsets>
    return startCommit(tracing, client, positionsIn(offsets), {
      parent: parentOf(contextApi.active()),
      groupId: typeof consumerGroupId === 'string' ? consumerGroupId : groupOf(consumer),
    })
  }
  wrapMethod(
    transaction,
    'sendOffsets',
    (original: NonNullable<Transaction['sendOffsets']>) =>
      function sendOffsets(this: unknown, offsets: GroupOffsets): Promise<void> {
        const work = (): Promise<void> => original.call(this as Transaction, offsets)
        const operation = attempt('following a commit', start, offsets)
        if (!operation) return work()
        // Ids only: kafkajs may open connections now, which retain the context they were opened in.
        const byIds = trace.setSpanContext(operation.context, spanContextOf(operation.span))
        return runToEnd(operation, () => contextApi.with(byIds, work), {
          failed: error => operation.end(clientFailure(error)),
        })
      },
  )
}
