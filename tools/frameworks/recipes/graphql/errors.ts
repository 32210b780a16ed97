import { recordException, requestSpan } from '@spanwright/core'
import { GraphQLError } from 'graphql'

/** Records errors of resolvers, except those for the client. The response is still a 200. */
export function recordErrors(errors: readonly GraphQLError[] | undefined): void {
  for (const { originalError } of errors ?? []) {
    if (originalError && !(originalError instanceof GraphQLError)) {
      recordException(originalError, requestSpan())
    }
  }
}
