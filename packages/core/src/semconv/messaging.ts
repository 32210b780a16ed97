import type { MetricDefinition } from './attributes.ts'
import { ATTR_ERROR_TYPE, ATTR_SERVER_ADDRESS, ATTR_SERVER_PORT } from './attributes.ts'

export const ATTR_MESSAGING_SYSTEM_NAME = 'messaging.system.name'
export const MESSAGING_SYSTEM_KAFKA = 'kafka'
export const ATTR_MESSAGING_OPERATION_NAME = 'messaging.operation.name'
export const ATTR_MESSAGING_OPERATION_TYPE = 'messaging.operation.type'
export const OPERATION_TYPE_CREATE = 'create'
export const OPERATION_TYPE_SEND = 'send'
export const OPERATION_TYPE_PROCESS = 'process'
export const OPERATION_TYPE_SETTLE = 'settle'
export const ATTR_MESSAGING_DESTINATION_NAME = 'messaging.destination.name'
export const ATTR_MESSAGING_DESTINATION_PARTITION_ID = 'messaging.destination.partition.id'
export const ATTR_MESSAGING_BATCH_MESSAGE_COUNT = 'messaging.batch.message_count'
export const ATTR_MESSAGING_CONSUMER_GROUP_NAME = 'messaging.consumer.group.name'
export const ATTR_MESSAGING_CLIENT_ID = 'messaging.client.id'
export const ATTR_MESSAGING_MESSAGE_BODY_SIZE = 'messaging.message.body.size'
export const ATTR_KAFKA_CLUSTER_ID = 'kafka.cluster.id'
export const ATTR_KAFKA_OFFSET = 'kafka.offset'
export const ATTR_KAFKA_MESSAGE_KEY = 'kafka.message.key'
export const ATTR_KAFKA_MESSAGE_TOMBSTONE = 'kafka.message.tombstone'

/** How a transaction ended: `commit`, `abort`, or `abandoned`. */
export const ATTR_SPANWRIGHT_MESSAGING_TRANSACTION_OUTCOME = 'spanwright.messaging.transaction.outcome'
/** Time from the timestamp of a record to the start of its processing, in seconds; for a batch the longest. */
export const ATTR_SPANWRIGHT_MESSAGING_QUEUE_TIME = 'spanwright.messaging.queue_time'
/** How many times in a row this consumer received the message, when more than once. */
export const ATTR_SPANWRIGHT_MESSAGING_DELIVERY_ATTEMPT = 'spanwright.messaging.delivery_attempt'

export const EVENT_MESSAGING_GROUP_JOIN = 'spanwright.messaging.group.join'
export const EVENT_MESSAGING_GROUP_REBALANCE = 'spanwright.messaging.group.rebalance'
export const EVENT_MESSAGING_GROUP_LEAVE = 'spanwright.messaging.group.leave'

const DURATION_BOUNDARIES = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

export const METRIC_MESSAGING_CLIENT_OPERATION_DURATION: MetricDefinition = {
  name: 'messaging.client.operation.duration',
  unit: 's',
  description: 'Duration of messaging operations started by a producer or consumer client.',
  boundaries: DURATION_BOUNDARIES,
}

export const METRIC_MESSAGING_PROCESS_DURATION: MetricDefinition = {
  name: 'messaging.process.duration',
  unit: 's',
  description: 'Duration of processing messages.',
  boundaries: DURATION_BOUNDARIES,
}

export const METRIC_MESSAGING_CLIENT_SENT_MESSAGES: MetricDefinition = {
  name: 'messaging.client.sent.messages',
  unit: '{message}',
  description: 'Number of messages a producer tried to send.',
}

export const METRIC_MESSAGING_CLIENT_CONSUMED_MESSAGES: MetricDefinition = {
  name: 'messaging.client.consumed.messages',
  unit: '{message}',
  description: 'Number of messages delivered to the application.',
}

export const MESSAGING_COUNT_METRIC_ATTRIBUTES: readonly string[] = [
  ATTR_MESSAGING_SYSTEM_NAME,
  ATTR_MESSAGING_OPERATION_NAME,
  ATTR_MESSAGING_DESTINATION_NAME,
  ATTR_MESSAGING_DESTINATION_PARTITION_ID,
  ATTR_MESSAGING_CONSUMER_GROUP_NAME,
  ATTR_ERROR_TYPE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
]

/** `messaging.operation.type` belongs to the operation duration only. */
export const MESSAGING_OPERATION_METRIC_ATTRIBUTES: readonly string[] = [
  ...MESSAGING_COUNT_METRIC_ATTRIBUTES,
  ATTR_MESSAGING_OPERATION_TYPE,
]

export const METRIC_SPANWRIGHT_MESSAGING_QUEUE_DURATION: MetricDefinition = {
  name: 'spanwright.messaging.queue.duration',
  unit: 's',
  description: 'Time from the timestamp of a record to the start of its processing.',
  boundaries: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600],
}

export const METRIC_SPANWRIGHT_MESSAGING_CONSUMER_LAG: MetricDefinition = {
  name: 'spanwright.messaging.consumer.lag',
  unit: '{message}',
  description: 'Number of messages of a partition that its consumer has not processed yet.',
}

/** Attributes that identify one partition of one consumer group. */
export const MESSAGING_PARTITION_METRIC_ATTRIBUTES: readonly string[] = [
  ATTR_MESSAGING_SYSTEM_NAME,
  ATTR_MESSAGING_DESTINATION_NAME,
  ATTR_MESSAGING_DESTINATION_PARTITION_ID,
  ATTR_MESSAGING_CONSUMER_GROUP_NAME,
]
