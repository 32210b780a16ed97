import * as grpc from '@grpc/grpc-js'
import { diag } from '@opentelemetry/api'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { traceGrpcClient, traceGrpcServer } from '@spanwright/grpc'

import { breaking, type HostileOptions, LIES } from './faults.ts'
import { testEveryFault } from './outcome.ts'

const text = {
  requestSerialize: (value: string): Buffer => Buffer.from(value),
  requestDeserialize: (bytes: Buffer): string => bytes.toString(),
  responseSerialize: (value: string): Buffer => Buffer.from(value),
  responseDeserialize: (bytes: Buffer): string => bytes.toString(),
}

const ECHO = {
  unary: { path: '/test.Echo/Unary', requestStream: false, responseStream: false, ...text },
  chat: { path: '/test.Echo/Chat', requestStream: true, responseStream: true, ...text },
}

const Echo = grpc.makeClientConstructor(ECHO, 'test.Echo')

/** Options that use every part. */
function busy(options: HostileOptions): HostileOptions {
  const names = ['tenant', 'key-bin', 'served-by']
  return {
    ...options,
    messageEvents: true,
    messageSizes: true,
    grpcTraceBin: true,
    captureMetadata: { request: names, response: names, trailers: names },
  } as HostileOptions
}

async function serve(options: grpc.ServerOptions): Promise<[grpc.Server, string]> {
  const server = new grpc.Server(options)
  server.addService(ECHO, {
    unary(call: grpc.ServerUnaryCall<string, string>, callback: grpc.sendUnaryData<string>) {
      if (call.request === 'throw') throw new Error('thrown')
      if (call.request === 'fail') callback({ code: grpc.status.NOT_FOUND, details: 'not here' })
      else callback(null, call.request, call.metadata)
    },
    chat(call: grpc.ServerDuplexStream<string, string>) {
      call.on('data', (part: string) => call.write(part))
      call.on('end', () => call.end())
    },
  })
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  return [server, `127.0.0.1:${port}`]
}

function metadata(): grpc.Metadata {
  const given = new grpc.Metadata()
  given.set('tenant', 'a')
  given.set('key-bin', Buffer.from([1]))
  return given
}

/** What a client sees of calls that succeed, that fail, and that cannot be started. */
async function callAll(address: string, options: grpc.ClientOptions | undefined): Promise<unknown> {
  const client = new Echo(address, grpc.credentials.createInsecure(), options)
  const call = (message: unknown, ...rest: unknown[]): Promise<unknown> =>
    new Promise(resolve => {
      client['unary']?.(message, ...rest, (error: grpc.ServiceError | null, value?: string) =>
        resolve(error ? { code: error.code, details: error.details } : value),
      )
    })
  const chat = (): Promise<unknown> =>
    new Promise(resolve => {
      const parts: string[] = []
      const stream = client['chat']?.() as grpc.ClientDuplexStream<string, string>
      stream.on('data', (part: string) => parts.push(part))
      stream.on('status', ({ code }) => resolve({ parts, code }))
      stream.write('a')
      stream.end('b')
    })
  try {
    return [
      await call('hello', metadata()),
      await call('fail'),
      await call('throw'),
      await call('late', { deadline: 1 }).then(outcome => (outcome as { code: number }).code),
      await chat(),
    ]
  } finally {
    client.close()
  }
}

let plain: grpc.Server
let plainAddress: string
beforeAll(async () => {
  ;[plain, plainAddress] = await serve({})
})
afterAll(() => plain.forceShutdown())

describe('traceGrpcClient()', () => {
  testEveryFault('a client', options => callAll(plainAddress, options && traceGrpcClient(busy(options))))
})

describe('traceGrpcServer()', () => {
  testEveryFault('a server', async options => {
    const [server, address] = await serve(
      options ? traceGrpcServer({ ...busy(options), parent: breaking }) : {},
    )
    try {
      return await callAll(address, undefined)
    } finally {
      server.forceShutdown()
    }
  })
})

describe('the interceptors', () => {
  beforeAll(() => diag.disable())

  const hooks = { onStart: () => undefined, onEnd: () => undefined }

  it.each(LIES)('of a client pass on %s', (_name, lie) => {
    // A matcher would read its properties.
    const isIt = (given: unknown): boolean => Object.is(given, lie)
    const [intercept] = traceGrpcClient({ ...busy({}), ...hooks }).interceptors ?? []
    const started: unknown[] = []
    const next = {
      start: (given: unknown) => started.push(given),
      sendMessage: (given: unknown) => started.push(given),
      getPeer: () => lie,
    }
    const call = intercept?.({ method_definition: { path: '/a/B' } } as never, () => next as never)
    call?.start(lie as never, undefined)
    call?.sendMessage(lie)
    expect(started.map(isIt)).toEqual([true, true])
    const heard: unknown[] = []
    const listener = {
      onReceiveMetadata: (given: unknown) => heard.push(given),
      onReceiveMessage: (given: unknown) => heard.push(given),
      onReceiveStatus: (given: unknown) => heard.push(given),
    }
    const second = intercept?.(
      { method_definition: { path: '/a/B' } } as never,
      () => next as never,
    ) as unknown as {
      start(given: unknown, told: object): void
    } & typeof listener
    second.start(metadata(), listener)
    second.onReceiveMetadata(lie)
    second.onReceiveMessage(lie)
    second.onReceiveStatus(lie)
    expect(heard.map(isIt)).toEqual([true, true, true])
  })

  it.each(LIES)('of a server pass on %s', (_name, lie) => {
    // A matcher would read its properties.
    const isIt = (given: unknown): boolean => Object.is(given, lie)
    const [intercept] = traceGrpcServer({ ...busy({}), ...hooks }).interceptors ?? []
    const heard: unknown[] = []
    const sent: unknown[] = []
    const next = {
      start: () => undefined,
      sendMetadata: (given: unknown) => sent.push(given),
      sendMessage: (given: unknown) => sent.push(given),
      sendStatus: (given: unknown) => sent.push(given),
      getPeer: () => lie,
      getHost: () => lie,
      getConnectionInfo: () => lie,
      handler: lie,
      stream: lie,
    }
    const call = intercept?.({ path: '/a/B' } as never, next as never) as unknown as Record<
      string,
      (...given: unknown[]) => void
    >
    call['start']?.({
      onReceiveMetadata: (given: unknown) => heard.push(given),
      onReceiveMessage: (given: unknown) => heard.push(given),
      onReceiveHalfClose: () => heard.push('half-close'),
      onCancel: () => heard.push('cancel'),
    })
    call['onReceiveMetadata']?.(lie)
    call['onReceiveMessage']?.(lie)
    call['onReceiveHalfClose']?.()
    call['sendMetadata']?.(lie)
    call['sendMessage']?.(lie, () => undefined)
    next.sendStatus(lie)
    call['onCancel']?.()
    expect(heard.map(given => isIt(given) || given)).toEqual([true, true, 'half-close', 'cancel'])
    expect(sent.map(isIt)).toEqual([true, true, true])
  })
})
