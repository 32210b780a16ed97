import * as grpc from '@grpc/grpc-js'
import { context, type Span, trace } from '@opentelemetry/api'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { traceGrpcClient, traceGrpcServer } from '@spanwright/grpc'
import { areCollected } from '@spanwright/test-kit'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'

import { callUnary, type EchoClient, serveEcho } from './service.ts'

let recorder: SpanRecorder
beforeAll(() => {
  recorder = recordSpans({ global: true })
})
afterAll(() => recorder.stop())

type Call = { on(event: 'status', listener: () => void): unknown }

/** Makes a call of every kind, and waits for its status. */
const WORK: readonly (readonly [string, (client: EchoClient) => Promise<unknown>])[] = [
  ['unary', client => callUnary(client, 'hello')],
  [
    'a stream of requests',
    client =>
      ended(
        client.collect(() => undefined),
        call => call.end('a'),
      ),
  ],
  ['a stream of responses', client => ended(client.repeat('a b'), call => call.resume())],
  [
    'both',
    client =>
      ended(client.chat(), call => {
        call.resume()
        call.end('a')
      }),
  ],
  [
    'a call that is cancelled',
    client =>
      ended(
        client.chat().on('error', () => undefined),
        call => {
          call.on('data', () => call.cancel())
          call.write('a')
        },
      ),
  ],
]

function ended<Started extends Call>(call: Started, work: (call: Started) => unknown): Promise<void> {
  return new Promise(resolve => {
    call.on('status', resolve)
    work(call)
  })
}

describe('spans of calls', () => {
  it('are not retained by an open connection, a server or a client', async () => {
    const references: WeakRef<object>[] = []
    const onStart = (span: Span): void => void references.push(new WeakRef(span))
    await using server = await serveEcho(grpc, traceGrpcServer({ onStart }))
    const client = server.client(traceGrpcClient({ onStart }))
    for (const [, work] of WORK) await work(client)
    await recorder.waitFor({ kind: 'SERVER', name: 'test.Echo/Chat' })
    expect(references.length).toBeGreaterThanOrEqual(9)
    await recorder.reset()
    expect(await areCollected(references)).toBe(true)
    // Still open, and used again.
    expect(await callUnary(client, 'x')).toBe('X')
  })

  it('are not retained by a call that the application keeps', async () => {
    const references: WeakRef<object>[] = []
    const onStart = (span: Span): void => void references.push(new WeakRef(span))
    const kept: unknown[] = []
    await using server = await serveEcho(grpc, traceGrpcServer({ onStart }), {
      unary(call, callback) {
        kept.push(call)
        callback(null, call.request)
      },
    })
    const client = server.client(traceGrpcClient({ onStart }))
    await context.with(trace.deleteSpan(context.active()), async () => {
      const call = client.repeat('a')
      kept.push(call)
      await ended(call, started => started.resume())
      await callUnary(client, 'x')
    })
    await recorder.waitFor({ kind: 'SERVER', name: 'test.Echo/Unary' })
    await recorder.reset()
    expect(await areCollected(references)).toBe(true)
    expect(kept).toHaveLength(2)
  })
})
