import { recordException, requestSpan } from '@spanwright/core'
import { GraphQLError } from 'graphql'

/** Records what resolvers threw, except what they threw for the client. The answer stays a 200. */
export function recordErrors(errors: readonly GraphQLError[] | undefined): void {
  for (const { originalError } of errors ?? []) {
    if (originalError && !(originalError instanceof GraphQLError)) {
      recordException(originalError, requestSpan())
    }
  }
}
