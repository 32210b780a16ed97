export { type RequestInFlight, requestsInFlight } from '@spanwright/core'

export { type KoaTracingOptions, tracing } from './middleware.ts'
