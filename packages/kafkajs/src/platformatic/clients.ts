import { Client } from '../client.ts'
import { type BrokerAddress, type Cluster, onlyLeader } from '../cluster.ts'
import { headersOf } from './headers.ts'
import type { Consumer, Metadata, Producer } from './library.ts'

const clients = new WeakMap<object, Client>()

/** Data of a producer. */
export function clientOfProducer(producer: Producer): Client {
  return known(
    producer,
    () => new Client(new PlatformaticCluster(producer), producer.clientId, undefined, headersOf(producer)),
  )
}

/** Data of a consumer. */
export function clientOfConsumer(consumer: Consumer): Client {
  return known(
    consumer,
    () => new Client(new PlatformaticCluster(consumer), consumer.clientId, consumer.groupId),
  )
}

function known(owner: object, make: () => Client): Client {
  let client = clients.get(owner)
  if (!client) clients.set(owner, (client = make()))
  return client
}

/** The cluster of a @platformatic/kafka client, read from the metadata it keeps. */
export class PlatformaticCluster implements Cluster {
  private readonly client: { readonly currentMetadata?: Metadata | undefined }

  constructor(client: { readonly currentMetadata?: Metadata | undefined }) {
    this.client = client
  }

  get id(): string | undefined {
    return this.client.currentMetadata?.id || undefined
  }

  leaderOf(topic: string, partition: number): BrokerAddress | undefined {
    const metadata = this.client.currentMetadata
    const leader = metadata?.topics.get(topic)?.partitions[partition]?.leader
    return leader === undefined ? undefined : metadata?.brokers.get(leader)
  }

  onlyLeaderOf(topic: string, partitions?: Iterable<number>): BrokerAddress | undefined {
    const all = partitions ?? this.client.currentMetadata?.topics.get(topic)?.partitions.keys() ?? []
    return onlyLeader(Array.from(all, partition => this.leaderOf(topic, partition)))
  }

  /** Address of a broker by its id. */
  broker(nodeId: number | null | undefined): BrokerAddress | undefined {
    return typeof nodeId === 'number' ? this.client.currentMetadata?.brokers.get(nodeId) : undefined
  }
}
