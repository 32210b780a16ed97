import { type Attributes, diag, trace } from '@opentelemetry/api'
import {
  ATTR_MESSAGING_CONSUMER_GROUP_NAME,
  EVENT_MESSAGING_GROUP_JOIN,
  EVENT_MESSAGING_GROUP_LEAVE,
  EVENT_MESSAGING_GROUP_REBALANCE,
} from '@spanwright/core/semconv'
import { isRecording, writeTo } from '@spanwright/core/plugin'

import { type EventSource, listenTo } from '../library.ts'

const EVENTS: Readonly<Record<string, string>> = {
  GROUP_JOIN: EVENT_MESSAGING_GROUP_JOIN,
  REBALANCING: EVENT_MESSAGING_GROUP_REBALANCE,
  STOP: EVENT_MESSAGING_GROUP_LEAVE,
}

/** Reports when a consumer joins its group, rebalances, or leaves. */
export function reportRebalances(consumer: EventSource, groupId: string | undefined): void {
  for (const [event, name] of Object.entries(EVENTS)) {
    listenTo(consumer, event, () => reportGroupEvent(name, groupId))
  }
}

/** Reports a consumer group event: on the active span, or to `diag` when none is active. */
export function reportGroupEvent(name: string, groupId: string | undefined): void {
  const attributes: Attributes =
    groupId === undefined ? {} : { [ATTR_MESSAGING_CONSUMER_GROUP_NAME]: groupId }
  const span = trace.getActiveSpan()
  if (isRecording(span)) writeTo(span, 'addEvent', name, attributes)
  else diag.info(`spanwright: ${name}`, attributes)
}
