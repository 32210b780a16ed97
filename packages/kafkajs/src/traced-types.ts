import type { TraceEach } from './consume/batch.ts'
import type { KafkaClient } from './library.ts'

/** The client, with `traceEach` in the payload of its consumers' `eachBatch` handlers. */
export type TracedKafka<Kafka extends KafkaClient> = {
  consumer(...args: Parameters<Kafka['consumer']>): TracedConsumer<ReturnType<Kafka['consumer']>>
} & Kafka

/** A consumer with `traceEach` in the payload of its `eachBatch` handler. */
export type TracedConsumer<Consumer> = Consumer extends { run(config?: infer Config): infer Running }
  ? { run(config?: TracedRunConfig<Config>): Running } & Consumer
  : Consumer

/** A run config with `traceEach` in the payload of its `eachBatch` handler. */
export type TracedRunConfig<Config> = Config extends {
  eachBatch?: ((payload: infer Payload) => infer Result) | undefined
}
  ? Omit<Config, 'eachBatch'> & { eachBatch?: (payload: TracedBatchPayload<Payload>) => Result }
  : Config

/** The payload of `eachBatch` with `traceEach`. */
export type TracedBatchPayload<Payload> = Payload & { readonly traceEach: TraceEach }
