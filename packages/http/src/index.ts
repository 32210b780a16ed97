export { type RequestInFlight, requestsInFlight, setRoute } from '@spanwright/core'

export { traceAgent } from './client/agent.ts'
export type { ClientTracingOptions } from './client/options.ts'
export { type HttpTracing, traceHttp } from './client/process.ts'
export { traceListener } from './server/listener.ts'
export type { ServerTracingOptions } from './server/options.ts'
export type { TrustProxy } from './server/proxies.ts'
export { traceServer } from './server/server.ts'
