export type { TraceEach } from './batch.ts'
export { traceKafka } from './kafka.ts'
export type { KafkaClient } from './library.ts'
export type { KafkaOperation, KafkaOptions } from './options.ts'
