import { requestSpan, setRoute } from '@spanwright/core'

/** Operations of your own clients. A client can send any other name, and each would create a new time series. */
const OPERATIONS = new Set(['Order', 'PlaceOrder'])

/** Names a request after its operation. */
export function nameOperation(type: string, name: string | null | undefined): void {
  requestSpan()?.setAttribute('graphql.operation.type', type)
  if (name) requestSpan()?.setAttribute('graphql.operation.name', name)
  setRoute(name && OPERATIONS.has(name) ? `/graphql ${type} ${name}` : `/graphql ${type}`)
}
