import { attempt } from '@spanwright/core/plugin'

/** Host and port of a broker, as the cluster advertises them. */
export interface BrokerAddress {
  readonly host: string
  readonly port: number
}

/** What is known of a client's cluster, without sending requests. */
export interface Cluster {
  readonly id: string | undefined
  /** The leader of a partition. */
  leaderOf(topic: string, partition: number): BrokerAddress | undefined
  /** The single leader of all partitions of a topic, or of the given ones; undefined when there are several. */
  onlyLeaderOf(topic: string, partitions?: Iterable<number>): BrokerAddress | undefined
}

/** The single leader of all given partitions; undefined when there are several, or a partition has none. */
export function onlyLeader(leaders: Iterable<BrokerAddress | undefined>): BrokerAddress | undefined {
  let only: BrokerAddress | undefined
  for (const leader of leaders) {
    if (!leader || (only && only !== leader)) return undefined
    only = leader
  }
  return only
}

/** The cluster metadata kept by kafkajs. */
interface ClusterMetadata {
  readonly clusterId?: string | null
  readonly brokers: readonly (BrokerAddress & { readonly nodeId: number })[]
  readonly topicMetadata: readonly {
    readonly topic: string
    readonly partitionMetadata: readonly { readonly partitionId: number; readonly leader: number }[]
  }[]
}

type Leaders = ReadonlyMap<number, BrokerAddress>

/**
 * Partition leaders and cluster id, read without a request from the metadata that a kafkajs client keeps. Without
 * metadata no attribute is written.
 */
class KafkajsCluster implements Cluster {
  private readonly metadataNow: () => ClusterMetadata | null | undefined
  private source: ClusterMetadata | undefined
  private leaders = new Map<string, Leaders>()

  constructor(metadataNow: () => ClusterMetadata | null | undefined) {
    this.metadataNow = metadataNow
  }

  get id(): string | undefined {
    return this.metadata()?.clusterId || undefined
  }

  leaderOf(topic: string, partition: number): BrokerAddress | undefined {
    return this.leadersOf(topic)?.get(partition)
  }

  onlyLeaderOf(topic: string, partitions?: Iterable<number>): BrokerAddress | undefined {
    const leaders = this.leadersOf(topic)
    if (!leaders) return undefined
    return onlyLeader(partitions ? Array.from(partitions, one => leaders.get(one)) : leaders.values())
  }

  private leadersOf(topic: string): Leaders | undefined {
    const metadata = this.metadata()
    if (!metadata) return undefined
    let leaders = this.leaders.get(topic)
    if (!leaders) {
      leaders = leadersIn(metadata, topic)
      this.leaders.set(topic, leaders)
    }
    return leaders
  }

  private metadata(): ClusterMetadata | undefined {
    const given = this.metadataNow()
    const metadata = Array.isArray(given?.brokers) && Array.isArray(given.topicMetadata) ? given : undefined
    // kafkajs replaces the whole object when it refreshes the metadata.
    if (metadata !== this.source) {
      this.source = metadata
      this.leaders = new Map()
    }
    return metadata
  }
}

function leadersIn({ brokers, topicMetadata }: ClusterMetadata, topic: string): Leaders {
  const partitions = topicMetadata.find(metadata => metadata.topic === topic)?.partitionMetadata ?? []
  const leaders = new Map<number, BrokerAddress>()
  for (const { partitionId, leader } of partitions) {
    const broker = brokers.find(({ nodeId }) => nodeId === leader)
    if (broker) leaders.set(partitionId, broker)
  }
  return leaders
}

type ClusterMaker = (...args: unknown[]) => { readonly brokerPool?: { readonly metadata?: ClusterMetadata } }

/**
 * Creates a producer or consumer and captures the cluster kafkajs creates for it. kafkajs hides the factory behind a
 * symbol of the client; it is replaced during this call and then restored.
 */
export function withCluster<Made>(kafka: object, make: () => Made): [Made, Cluster] {
  let pool: { readonly metadata?: ClusterMetadata } | undefined
  const symbol = Object.getOwnPropertySymbols(kafka).find(({ description }) =>
    description?.endsWith(':createCluster'),
  )
  const maker = symbol && Object.getOwnPropertyDescriptor(kafka, symbol)
  if (!maker?.writable || typeof maker.value !== 'function')
    return [make(), new KafkajsCluster(() => undefined)]
  const holder = kafka as Record<symbol, ClusterMaker>
  const original = maker.value as ClusterMaker
  holder[symbol as symbol] = function (this: unknown, ...args) {
    const cluster = Reflect.apply(original, this, args)
    pool = attempt('reading a cluster', () => cluster.brokerPool)
    return cluster
  }
  try {
    const made = make()
    return [made, new KafkajsCluster(() => pool?.metadata)]
  } finally {
    Object.defineProperty(kafka, symbol as symbol, maker)
  }
}
