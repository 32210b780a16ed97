import { startApache } from './apache/start.ts'
import { useEnvironment } from './environment.ts'
import { startKafkaCluster } from './in-process/start.ts'

/** Settings of {@link startKafka}. */
export interface KafkaOptions {
  /** Port on 127.0.0.1 to listen on; default: a free one. */
  port?: number
  /** Partitions of topics that are created without a number; default 1. */
  partitions?: number
  /** Whether a request for an unknown topic creates it; default true. */
  autoCreateTopics?: boolean
  /** Longest wait for a real Kafka to be ready, in milliseconds; default 60000. */
  timeout?: number
  /** Receives progress messages, one line each; default: not reported. */
  onProgress?: (line: string) => void
}

/** A running Kafka broker. */
export interface KafkaService {
  /** Found in `KAFKA_BROKERS`, a real Apache Kafka started here, or the broker inside this process. */
  readonly kind: 'environment' | 'apache' | 'in-process'
  /** Addresses to connect to, as `host:port`. */
  readonly brokers: string[]
  /** Stops the broker and removes its data; no effect on one from the environment. */
  stop(): Promise<void>
  /** Cuts all connections immediately and stops the broker, keeping its data. */
  crash(): Promise<void>
  /** Stops the broker if it runs and starts it again on the same port with the same data. */
  restart(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts a single Kafka broker on 127.0.0.1 that ends with this process: the one in `KAFKA_BROKERS` (a comma-separated
 * list), with `KAFKA=apache` a real Apache Kafka run by the Java of this machine, otherwise one inside this process that
 * supports the part of the protocol that kafkajs 2.2 uses.
 *
 * @throws Error when the port is in use, `KAFKA` has an unknown value, or Java or Maven is missing or too old.
 */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaService> {
  const brokers = process.env['KAFKA_BROKERS']
  const wanted = process.env['KAFKA']
  if (brokers !== undefined && brokers !== '') return useEnvironment(brokers, options)
  if (wanted === 'apache') return startApache(options)
  if (wanted === undefined || wanted === '' || wanted === 'in-process')
    return startKafkaCluster({ ...options, nodes: 1 })
  throw new Error(`KAFKA: expected "apache" or "in-process", got "${wanted}"`)
}
