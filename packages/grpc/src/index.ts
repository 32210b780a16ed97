export { traceGrpcClient } from './client/client.ts'
export type {
  CaptureMetadata,
  GrpcClientTracingOptions,
  GrpcOperation,
  GrpcServerTracingOptions,
} from './options.ts'
export { traceGrpcServer } from './server/server.ts'
