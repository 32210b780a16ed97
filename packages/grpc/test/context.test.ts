import { once } from 'node:events'
import { createServer } from 'node:net'

import type * as library from '@grpc/grpc-js'
import { context, createContextKey, propagation, SpanKind, trace } from '@opentelemetry/api'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { traceGrpcClient, traceGrpcServer } from '@spanwright/grpc'
import { requestSpan, withSpan } from '@spanwright/core'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'
import '@spanwright/testing/jest'

import { callUnary, clientOf, type EchoClient, type EchoServer, serveEcho, VERSIONS } from './service.ts'

let recorder: SpanRecorder
beforeAll(() => {
  recorder = recordSpans({ global: true })
})
afterEach(() => recorder.reset())
afterAll(() => recorder.stop())

const KEY = createContextKey('caller')
const callerOf = (): unknown => context.active().getValue(KEY)

/** Runs work in a recognisable context. */
function as<T>(caller: string, work: () => T): T {
  return context.with(context.active().setValue(KEY, caller), work)
}

describe.each(VERSIONS)('with %s', (_, grpc) => {
  let echo: EchoServer
  const told: unknown[] = []
  const tell = (event: string): void => {
    const active = trace.getActiveSpan()?.spanContext().spanId
    told.push([event, active !== undefined && active === requestSpan()?.spanContext().spanId])
  }
  let open: () => void = () => undefined
  beforeAll(async () => {
    echo = await serveEcho(grpc, traceGrpcServer(), {
      unary(call, callback) {
        tell('unary')
        setImmediate(() => {
          tell('later')
          callback(null, JSON.stringify(propagation.getActiveBaggage()?.getAllEntries() ?? []))
        })
      },
      collect(call, callback) {
        tell('collect')
        call.on('data', () => tell('data'))
        call.on('end', () => {
          tell('end')
          callback(null, 'x')
        })
      },
      repeat(call) {
        tell('repeat')
        call.on('cancelled', () => {
          told.push(['cancelled', trace.getActiveSpan() !== undefined])
          open()
        })
        call.write('first', () => tell('written'))
        if (call.request !== 'wait') call.end()
      },
      chat(call) {
        tell('chat')
        call.on('data', () => tell('data'))
        call.on('end', () => {
          tell('end')
          call.end()
        })
      },
    })
  })
  afterEach(() => void told.splice(0))
  afterAll(async () => echo[Symbol.asyncDispose]())

  describe('handlers run in the context of the span', () => {
    it('of a unary call', async () => {
      await callUnary(echo.client(traceGrpcClient()), 'x')
      expect(told).toEqual([
        ['unary', true],
        ['later', true],
      ])
    })

    it('of a stream of requests', async () => {
      await new Promise(resolve => {
        const call = echo.client(traceGrpcClient()).collect(resolve)
        call.write('a')
        call.end('b')
      })
      expect(told).toEqual([
        ['collect', true],
        ['data', true],
        ['data', true],
        ['end', true],
      ])
    })

    it('of a cancelled stream of responses', async () => {
      const isCancelled = new Promise<void>(resolve => (open = resolve))
      const call = echo.client(traceGrpcClient()).repeat('wait')
      call.on('error', () => undefined)
      await once(call, 'data')
      call.cancel()
      await isCancelled
      expect(told).toEqual([
        ['repeat', true],
        ['written', true],
        ['cancelled', true],
      ])
    })

    it('of a bidirectional stream', async () => {
      const call = echo.client(traceGrpcClient()).chat()
      call.write('a')
      call.end()
      call.resume()
      await once(call, 'status')
      expect(told).toEqual([
        ['chat', true],
        ['data', true],
        ['end', true],
      ])
    })
  })

  it('the current request ends with the call', async () => {
    let late: (() => unknown) | undefined
    await using server = await serveEcho(grpc, traceGrpcServer(), {
      unary(call, callback) {
        late = context.bind(context.active(), () => requestSpan())
        callback(null, 'x')
      },
    })
    await callUnary(server.client(traceGrpcClient()), 'x')
    await recorder.waitFor({ kind: 'SERVER' })
    expect(late?.()).toBeUndefined()
  })

  it('baggage is passed on', async () => {
    const active = propagation.setBaggage(
      context.active(),
      propagation.createBaggage({ tenant: { value: 'a' } }),
    )
    const client = echo.client(traceGrpcClient())
    const entries = await context.with(active, () => callUnary(client, 'x'))
    expect(JSON.parse(entries)).toEqual([['tenant', { value: 'a' }]])
  })

  describe('the context of the caller is active', () => {
    /** Makes a client call a server that starts to listen after the call, in another context. */
    async function beforeItListens(
      options: library.ClientOptions,
      call: (client: EchoClient, metadata: library.Metadata) => Promise<unknown>,
    ): Promise<unknown> {
      const reserved = createServer().listen(0, '127.0.0.1')
      await once(reserved, 'listening')
      const { port } = reserved.address() as { port: number }
      reserved.close()
      await once(reserved, 'close')
      const client = clientOf(grpc, `127.0.0.1:${port}`, {
        'grpc.initial_reconnect_backoff_ms': 100,
        'grpc.min_reconnect_backoff_ms': 100,
        ...options,
      })
      // The name is looked up, and a failing connection is opened, for another caller.
      const other = as('somebody else', () => callUnary(client, 'x').catch(() => undefined))
      const result = as('caller', () => call(client, new grpc.Metadata({ waitForReady: true })))
      await other
      await using server = await serveEcho(grpc, {}, {}, port)
      const heard = await result
      client.close()
      expect(server.port).toBe(port)
      return heard
    }

    it('in the callback and events of a call, even when it waited for a connection', async () => {
      const heard: unknown[] = []
      await beforeItListens(
        traceGrpcClient(),
        (client, metadata) =>
          new Promise(resolve => {
            const call = client.unary('x', metadata, () => {
              heard.push(['callback', callerOf()])
            })
            call.on('metadata', () => heard.push(['metadata', callerOf()]))
            call.on('status', () => {
              heard.push(['status', callerOf()])
              resolve(undefined)
            })
          }),
      )
      expect(heard).toEqual([
        ['metadata', 'caller'],
        ['callback', 'caller'],
        ['status', 'caller'],
      ])
      expect(recorder.spans().map(({ attributes }) => attributes['rpc.status_code'])).toEqual([
        'UNAVAILABLE',
        'OK',
      ])
    })

    it('in the events and writes of a stream, even when it waited for a connection', async () => {
      const heard = new Set<string>()
      await beforeItListens(
        traceGrpcClient(),
        (client, metadata) =>
          new Promise(resolve => {
            const call = client.chat(metadata)
            const note = (event: string): unknown => heard.add(`${event} for ${String(callerOf())}`)
            call.on('metadata', () => note('metadata'))
            call.on('data', () => note('data'))
            call.on('end', () => note('end'))
            call.on('status', () => {
              note('status')
              resolve(undefined)
            })
            call.write('a', () => note('written'))
            call.write('b', () => note('written'))
            call.end()
          }),
      )
      expect([...heard].toSorted((a, b) => a.localeCompare(b))).toEqual([
        'data for caller',
        'end for caller',
        'metadata for caller',
        'status for caller',
        'written for caller',
      ])
    })
  })

  it('the span of a call is not active in its callback', async () => {
    const client = echo.client(traceGrpcClient())
    const [active, caller] = await withSpan('caller', span => {
      return new Promise<unknown[]>(resolve => {
        client.unary('x', () => resolve([trace.getActiveSpan(), span]))
      })
    })
    expect(active).toBe(caller)
  })
})

describe.each(VERSIONS)('with another instrumentation and %s', (_, grpc) => {
  /** As OpenTelemetry's instrumentation does: a client span, active in the call and sent with it. */
  async function callInSpan(kind: SpanKind): Promise<string[]> {
    await using echo = await serveEcho(grpc, traceGrpcServer())
    const metadata = new grpc.Metadata()
    const setter = { set: (sent: typeof metadata, name: string, value: string) => sent.set(name, value) }
    await trace.getTracer('other').startActiveSpan('outer', { kind }, async span => {
      propagation.inject(context.active(), metadata, setter)
      await callUnary(echo.client(traceGrpcClient()), 'x', metadata)
      span.end()
    })
    await recorder.waitFor({ kind: SpanKind.SERVER })
    const spans = recorder.spans()
    const nameOf = (id: string | undefined) => spans.find(span => span.spanContext().spanId === id)?.name
    return spans
      .map(span => `${SpanKind[span.kind]} ${span.name} in ${nameOf(span.parentSpanContext?.spanId)}`)
      .toSorted()
  }

  it('a call whose client span has been started and sent has no second one', async () => {
    expect(await callInSpan(SpanKind.CLIENT)).toEqual([
      'CLIENT outer in undefined',
      'SERVER test.Echo/Unary in outer',
    ])
  })

  it('a call that carries the span of its caller has a client span', async () => {
    expect(await callInSpan(SpanKind.INTERNAL)).toEqual([
      'CLIENT test.Echo/Unary in outer',
      'INTERNAL outer in undefined',
      'SERVER test.Echo/Unary in outer',
    ])
  })
})
