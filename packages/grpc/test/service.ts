import { createRequire } from 'node:module'

import * as newest from '@grpc/grpc-js'

export type Grpc = typeof newest

/** The oldest and the newest version of the library that the package works with. */
export const VERSIONS: readonly (readonly [string, Grpc])[] = [
  ['grpc-js 1.10', createRequire(__filename)('grpc-js-1.10') as Grpc],
  ['grpc-js 1.14', newest],
]

const text = {
  requestSerialize: (value: string): Buffer => Buffer.from(value),
  requestDeserialize: (bytes: Buffer): string => bytes.toString(),
  responseSerialize: (value: string): Buffer => Buffer.from(value),
  responseDeserialize: (bytes: Buffer): string => bytes.toString(),
}

/** A service whose messages are text, with a method of each kind, as a generator would define it. */
const ECHO = {
  unary: { path: '/test.Echo/Unary', requestStream: false, responseStream: false, ...text },
  collect: { path: '/test.Echo/Collect', requestStream: true, responseStream: false, ...text },
  repeat: { path: '/test.Echo/Repeat', requestStream: false, responseStream: true, ...text },
  chat: { path: '/test.Echo/Chat', requestStream: true, responseStream: true, ...text },
} as const

/** Handlers of the service, one of each kind. */
export interface EchoHandlers {
  readonly unary?: newest.handleUnaryCall<string, string>
  readonly collect?: newest.handleClientStreamingCall<string, string>
  readonly repeat?: newest.handleServerStreamingCall<string, string>
  readonly chat?: newest.handleBidiStreamingCall<string, string>
}

const ANSWERING: Required<EchoHandlers> = {
  unary: (call, callback) => callback(null, call.request.toUpperCase()),
  collect: (call, callback) => {
    let all = ''
    call.on('data', (part: string) => (all += part))
    call.on('end', () => callback(null, all))
  },
  repeat: call => {
    for (const part of call.request.split(' ')) call.write(part)
    call.end()
  },
  chat: call => {
    call.on('data', (part: string) => call.write(part.toUpperCase()))
    call.on('end', () => call.end())
  },
}

/** A client of the service, with the methods of generated clients. */
export type EchoClient = newest.Client & {
  unary(message: string, ...rest: unknown[]): newest.ClientUnaryCall
  collect(...rest: unknown[]): newest.ClientWritableStream<string>
  repeat(message: string, ...rest: unknown[]): newest.ClientReadableStream<string>
  chat(...rest: unknown[]): newest.ClientDuplexStream<string, string>
}

/** A server on a free port of 127.0.0.1 and its clients; closed when it is disposed of. */
export interface EchoServer {
  /** @param leavesClients true to leave the clients open */
  [Symbol.asyncDispose](leavesClients?: boolean): Promise<void>
  readonly server: newest.Server
  readonly port: number
  readonly address: string
  client(options?: newest.ClientOptions): EchoClient
}

export async function serveEcho(
  grpc: Grpc,
  options: newest.ServerOptions,
  handlers: EchoHandlers = {},
  wantedPort = 0,
): Promise<EchoServer> {
  const server = new grpc.Server(options)
  server.addService(ECHO, { ...ANSWERING, ...handlers })
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${wantedPort}`, grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  const address = `127.0.0.1:${port}`
  const clients: EchoClient[] = []
  return {
    server,
    port,
    address,
    client(clientOptions) {
      const client = clientOf(grpc, address, clientOptions)
      clients.push(client)
      return client
    },
    async [Symbol.asyncDispose](leavesClients = false) {
      if (!leavesClients) for (const client of clients) client.close()
      server.forceShutdown()
    },
  }
}

export function clientOf(grpc: Grpc, address: string, options?: newest.ClientOptions): EchoClient {
  const Echo = grpc.makeClientConstructor(ECHO, 'test.Echo')
  return new Echo(address, grpc.credentials.createInsecure(), options) as unknown as EchoClient
}

/** The result of a unary call. */
export function callUnary(client: EchoClient, message: string, ...rest: readonly unknown[]): Promise<string> {
  return new Promise((resolve, reject) => {
    client.unary(message, ...rest, (error: newest.ServiceError | null, value?: string) =>
      error ? reject(error) : resolve(value ?? ''),
    )
  })
}

/** The status of a failed call. */
export async function statusOf(work: Promise<unknown>): Promise<number | undefined> {
  try {
    await work
    return 0
  } catch (error) {
    return (error as newest.ServiceError).code
  }
}

/** A message as it is sent: uncompressed, and preceded by its length. */
export function framed(message: string): Buffer {
  const bytes = Buffer.alloc(5 + Buffer.byteLength(message))
  bytes.writeUInt32BE(bytes.length - 5, 1)
  bytes.write(message, 5)
  return bytes
}
