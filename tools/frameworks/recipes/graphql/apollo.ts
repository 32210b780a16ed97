import type { ApolloServerPlugin } from '@apollo/server'

import { recordErrors } from './errors.ts'
import { nameOperation } from './operation.ts'

export const tracingPlugin: ApolloServerPlugin = {
  async requestDidStart() {
    return {
      async didResolveOperation({ operation, operationName }) {
        if (operation) nameOperation(operation.operation, operationName)
      },
      async didEncounterErrors({ errors }) {
        recordErrors(errors)
      },
    }
  },
}
