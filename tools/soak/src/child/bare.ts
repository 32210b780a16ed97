type Next = () => unknown

function itself<T>(value: T): T {
  return value
}

/** What the services import of our packages, doing nothing: the program as it is without tracing. */
export const BARE: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  '@spanwright/sdk': { startTracing: () => ({ shutdown: async () => {} }) },
  '@spanwright/express': { tracing: () => (_request: unknown, _response: unknown, next: Next) => next() },
  '@spanwright/koa': { tracing: () => (_context: unknown, next: Next) => next() },
  '@spanwright/pg': { tracePool: itself },
  '@spanwright/kafkajs': { traceKafka: itself },
  '@spanwright/undici': { traceFetch: itself },
  '@spanwright/http': { traceAgent: itself },
  '@spanwright/grpc': { traceGrpcClient: () => ({}), traceGrpcServer: () => ({}) },
}
