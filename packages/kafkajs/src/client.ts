import {
  ATTR_KAFKA_CLUSTER_ID,
  ATTR_MESSAGING_CLIENT_ID,
  ATTR_MESSAGING_CONSUMER_GROUP_NAME,
  ATTR_MESSAGING_DESTINATION_NAME,
  ATTR_MESSAGING_OPERATION_NAME,
  ATTR_MESSAGING_OPERATION_TYPE,
  ATTR_MESSAGING_SYSTEM_NAME,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_SPANWRIGHT_MESSAGING_DELIVERY_ATTEMPT,
  MESSAGING_SYSTEM_KAFKA,
} from '@spanwright/core/semconv'
import type { Attributes } from '@opentelemetry/api'
import { guarded } from '@spanwright/core/plugin'

import { Attempts } from './consume/attempts.ts'
import type { Partition } from './consume/message.ts'
import type { BrokerAddress, Cluster } from './cluster.ts'
import { eventName, type EventSource } from './library.ts'
import { type MessageHeaders, PLAIN_HEADERS } from './message/headers.ts'

/** Data of one producer or consumer. */
export class Client {
  readonly cluster: Cluster
  readonly groupId: string | undefined
  readonly attempts: Attempts = new Attempts()
  readonly headers: MessageHeaders
  private id: string | undefined

  constructor(
    cluster: Cluster,
    id: string | undefined,
    groupId?: string,
    headers: MessageHeaders = PLAIN_HEADERS,
  ) {
    this.cluster = cluster
    this.id = id
    this.groupId = groupId
    this.headers = headers
  }

  /** Attributes of all operations. Without the topic when there are several. */
  attributesOf(name: string, type: string, topic: string | undefined): Attributes {
    const attributes: Attributes = {
      [ATTR_MESSAGING_SYSTEM_NAME]: MESSAGING_SYSTEM_KAFKA,
      [ATTR_MESSAGING_OPERATION_NAME]: name,
      [ATTR_MESSAGING_OPERATION_TYPE]: type,
    }
    if (topic !== undefined) attributes[ATTR_MESSAGING_DESTINATION_NAME] = topic
    if (this.groupId !== undefined) attributes[ATTR_MESSAGING_CONSUMER_GROUP_NAME] = this.groupId
    this.addIdentity(attributes)
    return attributes
  }

  /** Adds the ids of the client and its cluster, as far as they are known. */
  addIdentity(attributes: Attributes): void {
    if (this.id !== undefined) attributes[ATTR_MESSAGING_CLIENT_ID] = this.id
    const { id } = this.cluster
    if (id !== undefined) attributes[ATTR_KAFKA_CLUSTER_ID] = id
  }

  /** Reads the client id from the first request: kafkajs exposes it nowhere else. */
  learnId(source: EventSource): void {
    const request = eventName(source, 'REQUEST')
    if (typeof request !== 'string') return
    const learn = guarded('reading a client id', ({ payload }: { readonly payload: unknown }) => {
      const { clientId } = (payload ?? {}) as { clientId?: unknown }
      if (typeof clientId === 'string') this.id = clientId
      forget?.()
    })
    const forget = source.on?.(request, learn)
  }
}

/** Adds the address of a broker, if known. */
export function addAddress(attributes: Attributes, broker: BrokerAddress | undefined): void {
  if (!broker) return
  attributes[ATTR_SERVER_ADDRESS] = broker.host
  attributes[ATTR_SERVER_PORT] = broker.port
}

/** Adds the attempt number, from the second attempt on. */
export function addAttempt(
  { attempts }: Client,
  attributes: Attributes,
  { topic, partition }: Partition,
  offset: string,
): void {
  const attempt = attempts.next(topic, partition, offset)
  if (attempt > 1) attributes[ATTR_SPANWRIGHT_MESSAGING_DELIVERY_ATTEMPT] = attempt
}
