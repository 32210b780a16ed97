import { once } from 'node:events'

import { type Metadata, Server, ServerCredentials, type ServiceError, type status } from '@grpc/grpc-js'

/** A request as it arrived. */
interface GrpcArrival {
  readonly method: string
  readonly body: Buffer
  readonly metadata: Metadata
  readonly at: number
}

/** An OTLP endpoint over gRPC. */
export interface GrpcEndpoint extends AsyncDisposable {
  readonly url: string
  readonly arrivals: readonly GrpcArrival[]
  /** Waits until that many requests have arrived in total. */
  arrived(count: number): Promise<void>
}

/** The response to the request with that index: a failure, the bytes of a response, or undefined for success. */
export type GrpcBehaviour = (
  index: number,
  request: Buffer,
) => { readonly code: status; readonly details: string; readonly metadata?: Metadata } | Buffer | undefined

const METHODS = {
  trace: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
}

export async function startGrpcEndpoint(
  behave: GrpcBehaviour = () => undefined,
  port = 0,
  credentials: ServerCredentials = ServerCredentials.createInsecure(),
): Promise<GrpcEndpoint> {
  const arrivals: GrpcArrival[] = []
  const news = new EventTarget()
  const server = new Server()
  for (const [method, path] of Object.entries(METHODS)) {
    server.addService(
      {
        export: {
          path,
          requestStream: false,
          responseStream: false,
          requestDeserialize: (bytes: Buffer) => bytes,
          requestSerialize: (bytes: Buffer) => bytes,
          responseDeserialize: (bytes: Buffer) => bytes,
          responseSerialize: (bytes: Buffer) => bytes,
        },
      },
      {
        export: (
          { request, metadata }: { request: Buffer; metadata: Metadata },
          callback: (error: Partial<ServiceError> | null, answer?: Buffer) => void,
        ) => {
          const made = behave(arrivals.length, request)
          arrivals.push({ method, body: request, metadata, at: performance.now() })
          if (made instanceof Uint8Array) callback(null, made)
          else callback(made ?? null, Buffer.alloc(0))
          news.dispatchEvent(new Event('arrival'))
        },
      },
    )
  }
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, credentials, (error, number) =>
      error ? reject(error) : resolve(number),
    )
  })
  return {
    url: `http://127.0.0.1:${bound}`,
    arrivals,
    async arrived(count) {
      while (arrivals.length < count) await once(news, 'arrival')
    },
    async [Symbol.asyncDispose]() {
      server.forceShutdown()
    },
  }
}
