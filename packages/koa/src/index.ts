export { type KoaTracingOptions, tracing } from './middleware.ts'
