export { type RequestInFlight, requestsInFlight, setRoute } from '@spanwright/core'

export type { ServerTracingOptions } from './server/options.ts'
export type { TrustProxy } from './server/proxies.ts'
export { traceListener } from './server/listener.ts'
export { traceServer } from './server/server.ts'
