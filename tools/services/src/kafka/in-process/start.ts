import type { KafkaOptions, KafkaService } from '../start.ts'
import { Broker } from './broker.ts'

/** Several brokers of one cluster. */
export interface KafkaCluster extends KafkaService {
  /** Makes another broker the leader of a partition. Clients notice when they send a request to the old one. */
  moveLeader(topic: string, partition: number, broker: string): void
}

/** Settings of {@link startKafkaCluster}. */
export interface KafkaClusterOptions extends KafkaOptions {
  /** Number of brokers; default 3. Partitions are distributed round-robin. */
  nodes?: number
}

/** Starts several brokers of one cluster inside this process, which end with it. The first one coordinates all groups. */
export async function startKafkaCluster(options: KafkaClusterOptions = {}): Promise<KafkaCluster> {
  const { port = 0, partitions = 1, autoCreateTopics = true, nodes = 3, onProgress = () => {} } = options
  const broker = new Broker({ partitions, autoCreateTopics, nodes, onProgress })
  try {
    await broker.listen(port)
  } catch (error) {
    if (!isInUse(error)) throw error
    throw new Error(`Kafka: port ${port} on ${broker.host} is in use`, { cause: error })
  }
  const brokers = broker.ports.map(one => `${broker.host}:${one}`)
  onProgress(`Kafka: in-process broker ready on ${brokers.join(', ')}`)
  const stop = (): Promise<void> => broker.close()
  return {
    kind: 'in-process',
    brokers,
    stop,
    crash: stop,
    restart: async () => {
      await broker.close()
      await broker.listen(0)
    },
    moveLeader: (topic, partition, address) =>
      broker.moveLeader(topic, partition, Number(address.split(':')[1])),
    [Symbol.asyncDispose]: stop,
  }
}

function isInUse(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'EADDRINUSE'
}
