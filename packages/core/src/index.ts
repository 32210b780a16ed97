export { addEvent, recordException } from './api/active-span.ts'
export { linkTo } from './api/link.ts'
export { type RequestInFlight, requestsInFlight } from './http/server/requests-in-flight.ts'
export { withSpan, type WithSpanOptions } from './api/with-span.ts'
