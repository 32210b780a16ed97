import * as grpc from '@grpc/grpc-js'
import { diag } from '@opentelemetry/api'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { traceGrpcClient, traceGrpcServer } from '@spanwright/grpc'

import {
  callUnary,
  clientOf,
  type EchoClient,
  type EchoHandlers,
  type EchoServer,
  serveEcho,
} from '../../../packages/grpc/test/service.ts'
import { breaking, type HostileOptions, LIES } from './faults.ts'
import { testEveryFault } from './outcome.ts'

const HANDLERS: EchoHandlers = {
  unary(call, callback) {
    if (call.request === 'throw') throw new Error('thrown')
    if (call.request === 'fail') callback({ code: grpc.status.NOT_FOUND, details: 'not here' })
    else callback(null, call.request, call.metadata)
  },
}

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

function metadata(): grpc.Metadata {
  const given = new grpc.Metadata()
  given.set('tenant', 'a')
  given.set('key-bin', Buffer.from([1]))
  return given
}

/** What a client sees of calls that succeed, that fail, and that cannot be started. */
async function callAll(client: EchoClient): Promise<unknown> {
  const call = (message: string, ...rest: unknown[]): Promise<unknown> =>
    callUnary(client, message, ...rest).catch(({ code, details }: grpc.ServiceError) => ({ code, details }))
  const chat = (): Promise<unknown> =>
    new Promise(resolve => {
      const parts: string[] = []
      const stream = client.chat()
      stream.on('data', (part: string) => parts.push(part))
      stream.on('status', ({ code }) => resolve({ parts, code }))
      stream.write('a')
      stream.end('b')
    })
  return [
    await call('hello', metadata()),
    await call('fail'),
    await call('throw'),
    await call('late', { deadline: 1 }).then(outcome => (outcome as { code: number }).code),
    await chat(),
  ]
}

let plain: EchoServer
beforeAll(async () => {
  plain = await serveEcho(grpc, {}, HANDLERS)
})
afterAll(() => plain[Symbol.asyncDispose]())

describe('traceGrpcClient()', () => {
  testEveryFault('a client', async options => {
    const client = clientOf(grpc, plain.address, options && traceGrpcClient(busy(options)))
    try {
      return await callAll(client)
    } finally {
      client.close()
    }
  })
})

describe('traceGrpcServer()', () => {
  testEveryFault('a server', async options => {
    const traced = options ? traceGrpcServer({ ...busy(options), parent: breaking }) : {}
    await using server = await serveEcho(grpc, traced, HANDLERS)
    return await callAll(server.client())
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
