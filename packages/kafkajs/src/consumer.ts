import { context as contextApi, ROOT_CONTEXT } from '@opentelemetry/api'
import { isTracingSuppressed, wrapMethod } from '@spanwright/core'

import { tracedEachBatch, untracedEachBatch } from './batch.ts'
import type { Client } from './client.ts'
import { Commits } from './commit.ts'
import { detachConnect } from './connect.ts'
import { copyWith } from './copy.ts'
import type { Consumer, RunConfig } from './library.ts'
import { tracedEachMessage } from './message.ts'
import { reportRebalances } from './rebalance.ts'
import type { KafkaTracing } from './tracing.ts'

/** Traces what a consumer's handlers process. */
export function traceConsumer(tracing: KafkaTracing, client: Client, consumer: Consumer): void {
  client.learnId(consumer)
  detachConnect(consumer)
  tracing.lag.follow(consumer, client.groupId)
  if (tracing.rebalanceEvents) reportRebalances(consumer, client.groupId)
  const commits = tracing.commitSpans ? new Commits(tracing, client, consumer) : undefined
  wrapMethod(
    consumer,
    'run',
    (original: Consumer['run']) =>
      function run(this: unknown, config?: RunConfig): Promise<void> {
        if (isTracingSuppressed(contextApi.active())) {
          return original.call(this as Consumer, untracedConfig(config))
        }
        // The loops that begin here live as long as the consumer: they must not hold on to the caller's span.
        return contextApi.with(ROOT_CONTEXT, () =>
          original.call(this as Consumer, tracedConfig(tracing, client, commits, config)),
        )
      },
  )
}

function untracedConfig(config: RunConfig | undefined): RunConfig | undefined {
  const eachBatch = config?.eachBatch
  return typeof eachBatch === 'function'
    ? copyWith(config as RunConfig, { eachBatch: untracedEachBatch(eachBatch) })
    : config
}

function tracedConfig(
  tracing: KafkaTracing,
  client: Client,
  commits: Commits | undefined,
  config: RunConfig | undefined,
): RunConfig | undefined {
  const { eachMessage, eachBatch } = config ?? {}
  const traced = {
    ...(typeof eachMessage === 'function' && {
      eachMessage: tracedEachMessage(tracing, client, eachMessage),
    }),
    ...(typeof eachBatch === 'function' && {
      eachBatch: tracedEachBatch(tracing, client, commits, eachBatch),
    }),
  }
  return config && copyWith(config, traced)
}
