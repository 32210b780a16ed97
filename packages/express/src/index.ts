export { type ExpressTracingOptions, tracing } from './middleware.ts'
