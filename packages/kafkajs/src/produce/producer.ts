import type { Client } from '../client.ts'
import { detachConnect } from '../connect.ts'
import type { Producer } from '../library.ts'
import type { KafkaTracing } from '../tracing.ts'
import { traceTransactions } from './transaction.ts'

/** Traces the sends of a producer, and its transactions. */
export function traceProducer(tracing: KafkaTracing, client: Client, producer: Producer): void {
  client.learnId(producer)
  detachConnect(producer)
  traceTransactions(tracing, client, producer)
}
