import type { ChannelCredentials, ChannelOptions, ClientOptions } from '@grpc/grpc-js'
import { Server } from '@grpc/grpc-js'
import { traceGrpcClient, traceGrpcServer } from '@spanwright/grpc'

// Compiled by npm run check:types, and never run: this tests types, which a test at run time cannot see.

interface Made<Options> {
  new (address: string, credentials: ChannelCredentials, options?: Options): object
}

/** The options fit the constructors of generated clients. */
export function fitsClients(
  grpcTools: Made<object>,
  protoLoader: Made<Partial<ChannelOptions>>,
  tsProto: Made<Partial<ClientOptions>>,
  protobufTs: new (options: { host: string; clientOptions?: ClientOptions }) => object,
  credentials: ChannelCredentials,
): object[] {
  const options = traceGrpcClient({ requireParent: true }, { 'grpc.keepalive_time_ms': 1000 })
  return [
    new grpcTools('a', credentials, options),
    new protoLoader('a', credentials, options),
    new tsProto('a', credentials, options),
    new protobufTs({ host: 'a', clientOptions: options }),
  ]
}

/** The options of a server fit too. */
export function fitsServers(): Server {
  return new Server(traceGrpcServer({}, { 'grpc.max_receive_message_length': 1 }))
}

/** Options have types: the compiler finds a wrong one before the set-up does. */
export function refusesWrongOptions(): void {
  // @ts-expect-error there is no such policy
  traceGrpcServer({ parent: 'maybe' })
  // @ts-expect-error servers inject nothing
  traceGrpcServer({ inject: false })
  // @ts-expect-error there is no such option
  traceGrpcClient({ semcov: 'latest' })
}
