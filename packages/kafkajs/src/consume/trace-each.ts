import type { IncomingMessage } from '../library.ts'
import type { TracedBatchPayload } from '../traced-types.ts'

/**
 * Runs the processing of one message of a batch like the payload's own `traceEach`, for code where the client has the
 * type `Kafka` and the payload type lacks the function. With the payload of an untraced consumer it only runs the work.
 *
 * @param payload the payload of the `eachBatch` handler
 */
export function traceEach<T>(payload: object, message: IncomingMessage, work: () => T): T {
  const { traceEach: inSpan } = payload as Partial<TracedBatchPayload<object>>
  return inSpan ? inSpan(message, work) : work()
}
