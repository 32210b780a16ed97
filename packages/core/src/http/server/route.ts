import { reportFailure } from '../../host/guard.ts'
import type { HttpFramework } from './framework.ts'

/**
 * Pattern of the route that matched last. Never throws.
 * @param routes what {@link Exchange.routes} holds
 */
export function routeOf<Request>(
  framework: HttpFramework<Request>,
  request: Request,
  routes: unknown,
): string | undefined {
  try {
    return framework.route(request, routes)
  } catch (error) {
    reportFailure('reading the route', error)
    return undefined
  }
}
