import {
  type Client,
  credentials,
  type handleUnaryCall,
  makeClientConstructor,
  type Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
} from '@grpc/grpc-js'

interface User {
  readonly id: string
  readonly name: string
}

const asJson = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
const fromJson = (bytes: Buffer): User => JSON.parse(bytes.toString()) as User

const find: MethodDefinition<User, User> = {
  path: '/bench.Users/Find',
  requestStream: false,
  responseStream: false,
  requestSerialize: asJson,
  requestDeserialize: fromJson,
  responseSerialize: asJson,
  responseDeserialize: fromJson,
}

/** A service with one method, which answers a small JSON. */
const USERS = { find }

const findUser: handleUnaryCall<User, User> = ({ request }, callback) =>
  callback(null, { id: request.id, name: 'Ada' })

/** A client of the service. */
export type UsersClient = Client & {
  find(user: User, metadata: Metadata, callback: (error: Error | null, user?: User) => void): void
}

const Users = makeClientConstructor(USERS, 'bench.Users')

export function connectTo(address: string, options: object = {}): UsersClient {
  return new Users(address, credentials.createInsecure(), options) as unknown as UsersClient
}

/** Serves gRPC on a free port of 127.0.0.1. */
export async function serveGrpc(options: object = {}): Promise<{ port: number; close(): Promise<void> }> {
  const server = new Server(options)
  server.addService(USERS, { find: findUser })
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  return { port, close: async () => server.forceShutdown() }
}
