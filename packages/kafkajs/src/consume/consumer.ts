import { context as contextApi, ROOT_CONTEXT } from '@opentelemetry/api'
import { attempt, copyWith, isTracingSuppressed, keepFace, wrapMethod } from '@spanwright/core/plugin'

import { runOnly, tracedEachBatch } from './batch.ts'
import type { BatchWatchers } from './batch-watchers.ts'
import type { Client } from '../client.ts'
import { Commits } from './commit.ts'
import { detachConnect } from '../connect.ts'
import type { Consumer, EachBatchPayload, RunConfig } from '../library.ts'
import { tracedEachMessage } from './message.ts'
import { reportRebalances } from './rebalance.ts'
import type { KafkaTracing } from '../tracing.ts'

const groups = new WeakMap<object, string>()

/** The group of a traced consumer; undefined for an untraced one. */
export function groupOf(consumer: unknown): string | undefined {
  return typeof consumer === 'object' && consumer !== null ? groups.get(consumer) : undefined
}

/** Traces the processing of a consumer's handlers. */
export function traceConsumer(tracing: KafkaTracing, client: Client, consumer: Consumer): void {
  if (client.groupId !== undefined) groups.set(consumer, client.groupId)
  client.learnId(consumer)
  detachConnect(consumer)
  const lag = tracing.lag.follow(consumer, client.groupId)
  if (tracing.rebalanceEvents) reportRebalances(consumer, client.groupId)
  const commits = tracing.commitSpans ? new Commits(tracing, client, consumer) : undefined
  wrapMethod(
    consumer,
    'run',
    (original: Consumer['run']) =>
      function run(this: unknown, config?: RunConfig): Promise<void> {
        if (isTracingSuppressed(contextApi.active())) {
          return original.call(
            this as Consumer,
            attempt('reading a config', untracedConfig, config) ?? config,
          )
        }
        // The loops started here live as long as the consumer, so they must not retain the caller's span.
        const traced = attempt('reading a config', tracedConfig, tracing, client, { commits, lag }, config)
        return contextApi.with(ROOT_CONTEXT, () => original.call(this as Consumer, traced ?? config))
      },
  )
}

/** Handlers of an untraced consumer can also use `traceEach`. */
function untracedConfig(config: RunConfig | undefined): RunConfig | undefined {
  const eachBatch = config?.eachBatch
  if (typeof eachBatch !== 'function') return config
  const handler = keepFace(function untraced(this: unknown, payload: EachBatchPayload): Promise<void> {
    return eachBatch.call(
      this,
      attempt('reading a batch', copyWith, payload, { traceEach: runOnly }) ?? payload,
    )
  }, eachBatch)
  return copyWith(config as RunConfig, { eachBatch: handler })
}

function tracedConfig(
  tracing: KafkaTracing,
  client: Client,
  { commits, lag }: Pick<BatchWatchers, 'commits' | 'lag'>,
  config: RunConfig | undefined,
): RunConfig | undefined {
  if (!config) return undefined
  const { eachMessage, eachBatch } = config
  const watchers = { commits, lag, resolvedByHand: config.eachBatchAutoResolve === false }
  return copyWith(config, {
    ...(typeof eachMessage === 'function' && {
      eachMessage: tracedEachMessage(tracing, client, lag, eachMessage),
    }),
    ...(typeof eachBatch === 'function' && {
      eachBatch: tracedEachBatch(tracing, client, watchers, eachBatch),
    }),
  })
}
