import type { IncomingMessage } from '../library.ts'
import type { TracedBatchPayload } from '../traced-types.ts'

/**
 * Runs the processing of one message of a batch as `traceEach` of the payload does, for code in which the client has the
 * type `Kafka` and the payload shows no such function. With the payload of a consumer that is not traced it only runs it.
 *
 * @param payload what the `eachBatch` handler was given
 */
export function traceEach<T>(payload: object, message: IncomingMessage, work: () => T): T {
  const { traceEach: inSpan } = payload as Partial<TracedBatchPayload<object>>
  return inSpan ? inSpan(message, work) : work()
}
