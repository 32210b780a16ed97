import { getOperationAST } from 'graphql'
import type { HandlerOptions } from 'graphql-http'

import { recordErrors } from './errors.ts'
import { nameOperation } from './operation.ts'

export const onOperation: HandlerOptions['onOperation'] = (_request, { document, operationName }, result) => {
  const operation = getOperationAST(document, operationName)
  if (operation) nameOperation(operation.operation, operation.name?.value)
  recordErrors(result.errors)
}
