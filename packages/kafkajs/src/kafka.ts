import { attempt, isWrapped, show, wrapMethod } from '@spanwright/core/plugin'

import { Client } from './client.ts'
import { withCluster } from './cluster.ts'
import { traceConsumer } from './consume/consumer.ts'
import type { Consumer, KafkaClient, Producer } from './library.ts'
import type { KafkaOptions } from './options.ts'
import { traceProducer } from './produce/producer.ts'
import type { TracedKafka } from './traced-types.ts'
import { KafkaTracing } from './tracing.ts'

/**
 * Traces every producer and consumer that is made from a Kafka client from now on.
 *
 * @param kafka client of kafkajs, or one with the same API
 * @param options see {@link KafkaOptions}
 * @returns the given client
 * @throws TypeError when it isn't given a Kafka client, or an option is unknown or of the wrong type
 */
export function traceKafka<Kafka extends KafkaClient>(
  kafka: Kafka,
  options?: KafkaOptions,
): TracedKafka<Kafka> {
  if (!isKafkaClient(kafka)) {
    throw new TypeError(
      `traceKafka(): expected a Kafka client, such as new Kafka({ brokers }) of kafkajs; got ${show(kafka)}`,
    )
  }
  const tracing = new KafkaTracing('traceKafka()', options)
  const client: KafkaClient = kafka
  if (isWrapped(client, 'producer')) return kafka as TracedKafka<Kafka>
  wrapMethod(
    client,
    'producer',
    (original: KafkaClient['producer']) =>
      function producer(this: unknown, ...args: never[]): object {
        const [made, cluster] = withCluster(kafka, () => original.apply(this, args))
        attempt('tracing a producer', () =>
          traceProducer(tracing, new Client(cluster, clientIdOf(args[0])), made as Producer),
        )
        return made
      },
  )
  wrapMethod(
    client,
    'consumer',
    (original: KafkaClient['consumer']) =>
      function consumer(this: unknown, ...args: never[]): object {
        const [made, cluster] = withCluster(kafka, () => original.apply(this, args))
        attempt('tracing a consumer', () => {
          const [config] = args
          const own = new Client(cluster, clientIdOf(config), groupIdOf(config))
          traceConsumer(tracing, own, made as Consumer)
        })
        return made
      },
  )
  return kafka as TracedKafka<Kafka>
}

/** Configuration keys of librdkafka. */
const GROUP_ID = 'group.id'
const CLIENT_ID = 'client.id'

function isKafkaClient(value: unknown): value is KafkaClient {
  if (typeof value !== 'object' || value === null) return false
  const { producer, consumer } = value as Partial<Record<keyof KafkaClient, unknown>>
  return typeof producer === 'function' && typeof consumer === 'function'
}

// kafkajs has the ids at the top level. Confluent's client has the kafkajs config under `kafkaJS`, next to the
// librdkafka keys named above.
function groupIdOf(config: unknown): string | undefined {
  const { groupId, kafkaJS, [GROUP_ID]: native } = (config ?? {}) as ClientConfig
  return firstText(groupId, kafkaJS?.groupId, native)
}

function clientIdOf(config: unknown): string | undefined {
  const { kafkaJS, [CLIENT_ID]: native } = (config ?? {}) as ClientConfig
  return firstText(kafkaJS?.clientId, native)
}

function firstText(...values: unknown[]): string | undefined {
  return values.find(value => typeof value === 'string')
}

interface ClientConfig {
  readonly groupId?: unknown
  readonly kafkaJS?: { readonly groupId?: unknown; readonly clientId?: unknown }
  readonly [GROUP_ID]?: unknown
  readonly [CLIENT_ID]?: unknown
}
