import { statusName } from './status.ts'

/** The errors that grpc-js gives to clients, and that handlers pass on: a status in an error. */
interface ServiceError {
  readonly code: number
  readonly details: string
  readonly metadata: object
}

/**
 * The recordable text of an error that holds a status: its name. The details are free text.
 * @returns undefined for another error
 */
export function readServiceError(error: object): string | undefined {
  const { code, details, metadata } = error as Partial<ServiceError>
  if (typeof code !== 'number' || typeof details !== 'string' || typeof metadata !== 'object')
    return undefined
  return statusName(code)
}
