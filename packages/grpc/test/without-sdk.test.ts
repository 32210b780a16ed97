import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { traceGrpcClient, traceGrpcServer } from '@spanwright/grpc'
import { recordSpans } from '@spanwright/testing'

import { callUnary, type EchoServer, serveEcho, statusOf, VERSIONS } from './service.ts'

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'
const PARENT = { traceId: TRACE_ID, spanId: 'b7ad6b7169203331', traceFlags: 1 }

describe.each(VERSIONS)('without an SDK, %s', (_, grpc) => {
  let echo: EchoServer
  let bare: EchoServer
  beforeAll(async () => {
    echo = await serveEcho(grpc, traceGrpcServer())
    bare = await serveEcho(grpc, {})
  })
  afterAll(async () => {
    await echo[Symbol.asyncDispose]()
    await bare[Symbol.asyncDispose]()
  })

  it('makes the same calls as without tracing', async () => {
    const outcomes = [
      [echo, traceGrpcClient()],
      [bare, undefined],
    ] as const
    const [traced, plain] = await Promise.all(
      outcomes.map(async ([server, options]) => {
        const client = server.client(options)
        const words: string[] = []
        const call = client.chat().on('data', (word: string) => words.push(word))
        call.write('a')
        call.end('b')
        await new Promise(resolve => call.on('status', resolve))
        return [words, await callUnary(client, 'x'), await statusOf(callUnary(client, 'x', { deadline: 1 }))]
      }),
    )
    expect(traced).toEqual(plain)
  })

  it('returns the calls of the library unwrapped', () => {
    const [ofClient] = traceGrpcClient().interceptors ?? []
    const [ofServer] = traceGrpcServer().interceptors ?? []
    const call = {}
    expect(ofClient?.({ method_definition: {} } as never, () => call as never)).toBe(call)
    expect(ofServer?.({ path: '/a/B' } as never, call as never)).toBe(call)
  })

  it('passes a context on with only a propagator', async () => {
    const recorder = recordSpans()
    const { propagator } = recorder
    const received: unknown[] = []
    await using server = await serveEcho(grpc, traceGrpcServer({ propagator }), {
      unary(call, callback) {
        received.push(call.metadata.get('traceparent'))
        callback(null, call.request)
      },
    })
    const client = server.client(traceGrpcClient({ propagator }))
    await context.with(trace.setSpanContext(ROOT_CONTEXT, PARENT), () => callUnary(client, 'x'))
    expect(received).toEqual([[`00-${TRACE_ID}-${PARENT.spanId}-01`]])
    expect(recorder.spans()).toEqual([])
    await recorder.stop()
  })
})
