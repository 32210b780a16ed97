import type { HookContext, NextFunction } from '@feathersjs/feathers'
import { recordRequestError, setRoute } from '@spanwright/core'

/** Names a request after the service that handles it, and records errors of the service. */
export async function traceService(context: HookContext, next: NextFunction): Promise<void> {
  // Services also call each other.
  if (context.params['provider'] !== 'rest') return next()
  setRoute(`/${context.path}${context.id === undefined ? '' : '/:id'}`)
  try {
    await next()
  } catch (error) {
    // Errors of Feathers have the status code as `code`.
    const { code } = error as { code?: unknown }
    if (typeof code !== 'number' || code >= 500) recordRequestError(error)
    throw error
  }
}
