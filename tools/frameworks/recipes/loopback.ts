import { BaseRoute, type Middleware, RestBindings } from '@loopback/rest'
import { recordRequestError, setRoute } from '@spanwright/core'

/** Names a request after its route, and records errors of the controller. */
export const traceRoute: Middleware = async (context, next) => {
  try {
    return await next()
  } catch (error) {
    recordRequestError(error)
    throw error
  } finally {
    const route = context.getSync(RestBindings.Operation.ROUTE, { optional: true })
    // An unknown path is represented by a route of another class.
    if (route instanceof BaseRoute) setRoute(context.request.baseUrl + route.path)
  }
}
