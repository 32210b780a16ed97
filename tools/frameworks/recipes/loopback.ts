import { BaseRoute, type Middleware, RestBindings } from '@loopback/rest'
import { recordRequestError, setRoute } from '@spanwright/core'

/** Names a request after its route, and notes what the controller throws. */
export const traceRoute: Middleware = async (context, next) => {
  try {
    return await next()
  } catch (error) {
    recordRequestError(error)
    throw error
  } finally {
    const route = context.getSync(RestBindings.Operation.ROUTE, { optional: true })
    // A path that no route has comes as a route of another class.
    if (route instanceof BaseRoute) setRoute(context.request.baseUrl + route.path)
  }
}
