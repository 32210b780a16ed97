import { context as contextApi, ROOT_CONTEXT } from '@opentelemetry/api'
import {
  EVENT_MESSAGING_GROUP_JOIN,
  EVENT_MESSAGING_GROUP_LEAVE,
  EVENT_MESSAGING_GROUP_REBALANCE,
} from '@spanwright/core/semconv'
import { guarded, isTracingSuppressed, isWrapped, SUCCESS, wrapMethod } from '@spanwright/core/plugin'

import { startCommit } from '../consume/commit.ts'
import { clientFailure } from '../failure.ts'
import { reportGroupEvent } from '../consume/rebalance.ts'
import type { CallEnding, Published } from './channels.ts'
import { clientOfConsumer, PlatformaticCluster } from './clients.ts'
import { keepAssigned } from './lag.ts'
import type { CommitOptions, Consumer } from './library.ts'
import { currentTracing } from './tracings.ts'

const GROUP_EVENTS: Readonly<Record<string, string>> = {
  'consumer:group:join': EVENT_MESSAGING_GROUP_JOIN,
  'consumer:group:rebalance': EVENT_MESSAGING_GROUP_REBALANCE,
  'consumer:group:leave': EVENT_MESSAGING_GROUP_LEAVE,
}

/** Follows a consumer: its group, and its streams. */
export function traceConsumer(consumer: Consumer): void {
  if (isWrapped(consumer, 'consume')) return
  wrapMethod(
    consumer,
    'consume',
    (original: Consumer['consume']) =>
      function consume(this: unknown, ...args: never[]): unknown {
        const consuming = (): unknown => original.apply(this as Consumer, args)
        if (!currentTracing() || isTracingSuppressed(contextApi.active())) return consuming()
        // Fetching lives as long as the stream, so it must not retain the caller's span.
        return contextApi.with(ROOT_CONTEXT, consuming)
      },
  )
  for (const [event, name] of Object.entries(GROUP_EVENTS)) {
    const follow = guarded('following a consumer group', () => {
      keepAssigned(consumer)
      if (currentTracing()?.rebalanceEvents) reportGroupEvent(name, consumer.groupId)
    })
    consumer.on(event, follow)
  }
}

/** Follows an offset commit, including automatic ones. */
export function followCommit(published: Published): ((ending: CallEnding) => void) | undefined {
  const tracing = currentTracing()
  if (!tracing?.commitSpans) return undefined
  const consumer = published.client as Consumer
  const { offsets = [] } = (published as Published & { options?: CommitOptions }).options ?? {}
  const positions = offsets.map(({ topic, partition, offset }) => ({
    topic,
    partition,
    offset: String(offset),
  }))
  const coordinator = new PlatformaticCluster(consumer).broker(consumer.coordinatorId)
  const scene = { parent: contextApi.active(), coordinator }
  const operation = startCommit(tracing, clientOfConsumer(consumer), positions, scene)
  return operation && (({ failure }) => operation.end(failure ? clientFailure(failure.error) : SUCCESS))
}
