import { traceKafka } from '@spanwright/kafkajs'
import { type Consumer, Kafka } from 'kafkajs'

// Compiled by npm run check:types, and never run: it tests types, which a test at run time cannot see.

/** The type of what `traceKafka()` returns is that of the client. */
export function staysTheClient(): Consumer {
  const traced: Kafka = traceKafka(new Kafka({ brokers: [] }))
  return traceKafka(traced).consumer({ groupId: 'g' })
}

/** It has `traceEach`, which returns what the work returns. */
export async function knowsOfTraceEach(consumer: Consumer): Promise<void> {
  await traceKafka(new Kafka({ brokers: [] }))
    .consumer({ groupId: 'g' })
    .run({
      eachMessage: async ({ message }) => void message.offset,
      eachBatch: async ({ batch, traceEach, heartbeat }) => {
        for (const message of batch.messages) {
          const length: number = traceEach(message, () => message.offset.length)
          // @ts-expect-error the work returns a number
          const text: string = traceEach(message, () => message.offset.length)
          if (length > text.length) await heartbeat()
        }
      },
    })
  // @ts-expect-error a consumer of a client that is not traced has none
  await consumer.run({ eachBatch: async ({ traceEach }) => void traceEach })
}

/** Options have types: a wrong one does not wait for the set-up. */
export function refusesWrongOptions(kafka: Kafka): void {
  // @ts-expect-error there is no such vocabulary
  traceKafka(kafka, { semconv: 'newest' })
  // @ts-expect-error there is no such option
  traceKafka(kafka, { semcov: 'latest' })
}
