export type { NestExecution } from './host.ts'
export { type NestHandler, type NestTracing, traceNest } from './trace-nest.ts'
