export { type RequestInFlight, requestsInFlight } from '@spanwright/core'

export { type ExpressTracingOptions, tracing } from './middleware.ts'
