import * as grpc from '@grpc/grpc-js'
import { SpanKind, trace } from '@opentelemetry/api'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { traceGrpcClient, traceGrpcServer } from '@spanwright/grpc'
import { withSpan } from '@spanwright/core'
import { collectDiag } from '@spanwright/test-kit'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'
import '@spanwright/testing/jest'

import { callUnary, type EchoServer, serveEcho, VERSIONS } from './service.ts'

let recorder: SpanRecorder
let echo: EchoServer
beforeAll(async () => {
  recorder = recordSpans({ global: true })
  echo = await serveEcho(grpc, {})
})
afterEach(() => recorder.reset())
afterAll(async () => {
  await echo[Symbol.asyncDispose]()
  await recorder.stop()
})

const PARENT = {
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
}

function parentMetadata(): grpc.Metadata {
  const metadata = new grpc.Metadata()
  metadata.set('traceparent', PARENT.traceparent)
  return metadata
}

/** Runs a bidirectional stream on which both sides send three messages. */
async function chat(server: EchoServer, options: grpc.ClientOptions): Promise<void> {
  const call = server.client(options).chat()
  for (const word of ['one', 'two', 'three']) call.write(word)
  call.end()
  call.resume()
  await new Promise(resolve => call.on('status', resolve))
  await recorder.waitFor({ kind: 'SERVER' })
}

describe.each(VERSIONS)('messages with %s', (_, version) => {
  it('are events with messageEvents', async () => {
    await using server = await serveEcho(version, traceGrpcServer({ messageEvents: true }))
    await chat(server, traceGrpcClient({ messageEvents: true }))
    for (const { kind, events, attributes } of recorder.spans()) {
      const [first, second] = kind === SpanKind.CLIENT ? ['sent', 'received'] : ['received', 'sent']
      expect(events.map(({ name }) => name)).toEqual(Array(6).fill('spanwright.rpc.message'))
      for (const type of [first, second]) {
        const ids = events.flatMap(event =>
          event.attributes?.['spanwright.rpc.message.type'] === type
            ? event.attributes['spanwright.rpc.message.id']
            : [],
        )
        expect(ids).toEqual([1, 2, 3])
      }
      expect(Object.keys(attributes).filter(key => key.startsWith('spanwright.'))).toEqual([])
    }
  })

  it('are counted and measured on both sides with messageSizes', async () => {
    await using server = await serveEcho(version, traceGrpcServer({ messageSizes: true }))
    await chat(server, traceGrpcClient({ messageSizes: true }))
    for (const span of recorder.spans()) {
      expect(span.attributes).toMatchObject({
        'spanwright.rpc.request.messages': 3,
        'spanwright.rpc.request.size': 11,
        'spanwright.rpc.response.messages': 3,
        'spanwright.rpc.response.size': 11,
      })
      expect(span.events).toEqual([])
    }
    expect(recorder.spans()).toHaveLength(2)
  })

  it('that are never sent are not counted', async () => {
    await using server = await serveEcho(version, traceGrpcServer({ messageSizes: true }), {
      unary: (_call, callback) => callback({ code: 5, details: 'x' }),
    })
    await callUnary(server.client(traceGrpcClient({ messageSizes: true })), 'four').catch(() => undefined)
    await recorder.waitFor({ kind: 'SERVER' })
    for (const span of recorder.spans()) {
      expect(span.attributes).toMatchObject({
        'spanwright.rpc.request.messages': 1,
        'spanwright.rpc.request.size': 4,
        'spanwright.rpc.response.messages': 0,
        'spanwright.rpc.response.size': 0,
      })
    }
  })
})

describe('tracing', () => {
  const health = { ignore: ({ method }: { method: string }) => method === 'test.Echo/Unary' }

  it('omits calls that a client ignores, and changes nothing else about them', async () => {
    await using server = await serveEcho(
      grpc,
      {},
      {
        unary: (call, callback) => callback(null, String(call.metadata.get('traceparent').length)),
      },
    )
    const client = server.client(traceGrpcClient(health))
    expect(await withSpan('caller', () => callUnary(client, 'x'))).toBe('0')
    expect(recorder.spans().map(({ name }) => name)).toEqual(['caller'])
  })

  it('omits calls that a server ignores, and all work beneath them', async () => {
    await using server = await serveEcho(grpc, traceGrpcServer(health), {
      unary: (call, callback) => withSpan('beneath', () => callback(null, call.request)),
    })
    await callUnary(server.client(), 'x')
    expect(recorder.spans()).toEqual([])
    expect(recorder.open()).toEqual([])
  })

  it('requires a parent with requireParent', async () => {
    await using server = await serveEcho(grpc, traceGrpcServer({ requireParent: true }))
    const client = server.client(traceGrpcClient({ requireParent: true }))
    await callUnary(client, 'x')
    expect(recorder.spans()).toEqual([])
    await withSpan('caller', () => callUnary(client, 'x'))
    await recorder.waitFor({ kind: 'SERVER' })
    expect(recorder.spans()).toHaveLength(3)
  })
})

describe('the parent of a call', () => {
  it.each([
    ['trust', true, []],
    ['ignore', false, []],
    ['link', false, [PARENT.traceparent]],
    [
      ({ method }: { method: string }) => (method.endsWith('/Unary') ? 'link' : 'trust'),
      false,
      [PARENT.traceparent],
    ],
    [() => 'nonsense', false, []],
    [
      () => {
        throw new Error('no')
      },
      false,
      [],
    ],
  ] as const)('follows the option parent: %s', async (parent, isInTrace, links) => {
    const diag = collectDiag()
    await using server = await serveEcho(grpc, traceGrpcServer({ parent: parent as never }))
    await callUnary(server.client(), 'x', parentMetadata())
    diag.stop()
    const span = await recorder.waitFor({ kind: 'SERVER' })
    const [, traceId] = PARENT.traceparent.split('-')
    expect(span.spanContext().traceId === traceId).toBe(isInTrace)
    expect(span.links.map(link => `00-${link.context.traceId}-${link.context.spanId}-01`)).toEqual(links)
  })
})

describe('hooks', () => {
  it('receive the call and its outcome', async () => {
    const seen: unknown[] = []
    const hooks = (side: string): object => ({
      attributes: ({ method }: { method: string }) => ({ 'test.method': method }),
      onStart: (_span: unknown, operation: object) => seen.push([side, Object.keys(operation)]),
      onEnd: (_span: unknown, { metadata }: { metadata: grpc.Metadata }, outcome: object) =>
        seen.push([side, metadata.get('tenant'), outcome]),
      metrics: { attributes: ({ method }: { method: string }) => ({ 'test.name': method }) },
    })
    await using server = await serveEcho(grpc, traceGrpcServer(hooks('server')), {
      unary: (_call, callback) => callback({ code: 5, details: 'x' }),
    })
    const metadata = new grpc.Metadata()
    metadata.set('tenant', 'a')
    await callUnary(server.client(traceGrpcClient(hooks('client'))), 'x', metadata).catch(() => undefined)
    await recorder.waitFor({ kind: 'SERVER' })
    const outcome = { statusCode: 5, durationMs: expect.any(Number) }
    expect(seen).toEqual([
      ['client', ['system', 'method', 'metadata']],
      ['server', ['system', 'method', 'metadata']],
      ['server', ['a'], outcome],
      ['client', ['a'], outcome],
    ])
    for (const span of recorder.spans())
      expect(span.attributes).toMatchObject({ 'test.method': 'test.Echo/Unary' })
    const metrics = await recorder.metrics()
    for (const { dataPoints } of metrics) {
      expect(dataPoints[0]?.attributes).toMatchObject({ 'test.name': 'test.Echo/Unary' })
    }
    expect(metrics).toHaveLength(2)
  })
})

describe('the legacy vocabulary', () => {
  it.each(['legacy', 'both'] as const)('is written with semconv: %s', async semconv => {
    await using server = await serveEcho(grpc, traceGrpcServer({ semconv }))
    await callUnary(server.client(traceGrpcClient({ semconv })), 'x')
    const serverSpan = await recorder.waitFor({ kind: 'SERVER' })
    const clientSpan = recorder.find({ kind: 'CLIENT' })
    const legacy = {
      'rpc.system': 'grpc',
      'rpc.service': 'test.Echo',
      'rpc.method': semconv === 'both' ? 'test.Echo/Unary' : 'Unary',
      'rpc.grpc.status_code': 0,
    }
    expect(clientSpan?.attributes).toMatchObject({
      ...legacy,
      'net.peer.name': '127.0.0.1',
      'net.peer.port': server.port,
    })
    expect(serverSpan.attributes).toMatchObject({
      ...legacy,
      'net.host.name': '127.0.0.1',
      'net.host.port': server.port,
      'net.peer.ip': '127.0.0.1',
    })
    expect(recorder).toFollowSemanticConventions({ semconv })
    const names = (await recorder.metrics()).map(({ descriptor }) => `${descriptor.name} ${descriptor.unit}`)
    expect(names.toSorted((a, b) => a.localeCompare(b))).toEqual([
      ...(semconv === 'both' ? ['rpc.client.call.duration s'] : []),
      'rpc.client.duration ms',
      ...(semconv === 'both' ? ['rpc.server.call.duration s'] : []),
      'rpc.server.duration ms',
    ])
  })
})

describe('metrics', () => {
  it('can be switched off', async () => {
    await using server = await serveEcho(grpc, traceGrpcServer({ metrics: false }))
    await callUnary(server.client(traceGrpcClient({ metrics: false })), 'x')
    await recorder.waitFor({ kind: 'SERVER' })
    expect(await recorder.metrics()).toEqual([])
  })
})

describe.each(VERSIONS)('the interceptors of the application with %s', (_, version) => {
  const noting =
    (order: string[], name: string): grpc.Interceptor =>
    (options, next) => {
      order.push(name)
      return new version.InterceptingCall(next(options))
    }

  it.each(['interceptors', 'interceptor_providers'] as const)('of a client run beneath: %s', async kind => {
    const order: string[] = []
    const [given, ofCall] = ['client', 'call'].map(name => {
      const interceptor = noting(order, name)
      return { [kind]: [kind === 'interceptors' ? interceptor : () => interceptor] }
    })
    await using server = await serveEcho(version, {})
    const client = server.client(traceGrpcClient({}, given))
    await callUnary(client, 'x')
    await callUnary(client, 'x', ofCall)
    expect(order).toEqual(['client', 'call'])
    expect(recorder.spans().map(({ kind: spanKind }) => spanKind)).toEqual([SpanKind.CLIENT, SpanKind.CLIENT])
  })

  it('of a call are refused together with providers, as without tracing', async () => {
    await using server = await serveEcho(version, {})
    const client = server.client(traceGrpcClient())
    const both = { interceptors: [noting([], '')], interceptor_providers: [() => noting([], '')] }
    expect(() => client.unary('x', both, () => undefined)).toThrow(version.InterceptorConfigurationError)
  })

  it('of a server run above', async () => {
    const order: unknown[] = []
    const interceptor: grpc.ServerInterceptor = (_method, call) =>
      new version.ServerInterceptingCall(call, {
        start: next =>
          next({
            onReceiveMetadata(metadata, pass) {
              order.push(trace.getActiveSpan() !== undefined)
              pass(metadata)
            },
          }),
        sendStatus(status, next) {
          order.push(status.code)
          next({ code: version.status.PERMISSION_DENIED, details: 'changed' })
        },
      })
    await using server = await serveEcho(version, traceGrpcServer({}, { interceptors: [interceptor] }))
    await callUnary(server.client(), 'x').catch(() => undefined)
    expect(order).toEqual([true, 0])
    expect((await recorder.waitFor({ kind: 'SERVER' })).attributes).toMatchObject({
      'rpc.status_code': 'PERMISSION_DENIED',
    })
  })

  it('that come first, like those of credentials, do not hide the status', async () => {
    const outer: grpc.ServerInterceptor = (_method, call) => new version.ServerInterceptingCall(call)
    const { interceptors = [], ...rest } = traceGrpcServer()
    await using server = await serveEcho(
      version,
      { ...rest, interceptors: [outer, ...interceptors], 'grpc.max_send_message_length': 1 },
      { unary: (_call, callback) => callback(null, 'too long') },
    )
    await callUnary(server.client(), 'x').catch(() => undefined)
    expect((await recorder.waitFor({ kind: 'SERVER' })).attributes).toMatchObject({
      'rpc.status_code': 'RESOURCE_EXHAUSTED',
    })
  })

  it('keep the transformer of a client', async () => {
    const seen: unknown[] = []
    await using server = await serveEcho(version, {})
    const client = server.client(
      traceGrpcClient(
        {},
        {
          callInvocationTransformer: properties => {
            seen.push(properties.methodDefinition.path)
            return { ...properties, argument: 'changed' }
          },
        },
      ),
    )
    await callUnary(client, 'x')
    expect(seen).toEqual(['/test.Echo/Unary'])
    expect(recorder.spans()).toHaveLength(1)
  })
})

describe.each(VERSIONS)('a method of the calls of %s', (_, version) => {
  it('works on both sides', async () => {
    const ask = async (serverOptions: grpc.ServerOptions, options?: grpc.ClientOptions): Promise<unknown> => {
      let ofServer: unknown
      await using server = await serveEcho(version, serverOptions, {
        unary(call, callback) {
          const methods = [
            'getPeer',
            'getDeadline',
            'getPath',
            'getHost',
            'getAuthContext',
            'getMetricsRecorder',
          ]
          const asked = call as unknown as Record<string, (() => unknown) | undefined>
          ofServer = methods.map(name => [name, typeof asked[name]?.()])
          callback(null, call.request)
        },
      })
      const client = server.client(options)
      const call = client.chat()
      const { getAuthContext } = call as unknown as { getAuthContext?: () => unknown }
      const ofClient = [typeof call.getPeer(), getAuthContext?.call(call)]
      call.resume().end()
      await new Promise(resolve => call.on('status', resolve))
      await callUnary(client, 'x')
      return [ofServer, ofClient]
    }
    const traced = await ask(traceGrpcServer(), traceGrpcClient())
    expect(recorder.spans()).toHaveLength(4)
    expect(traced).toEqual(await ask({}))
  })

  it('works when a later version adds it', () => {
    class Later {
      private readonly value = 'later'
      start(): void {}
      getNews(...given: unknown[]): unknown {
        return [this.value, given]
      }
    }
    const [ofServer] = traceGrpcServer().interceptors ?? []
    const call = ofServer?.({ path: '/test.Echo/Unary' } as never, new Later() as never)
    expect((call as unknown as Later).getNews(1, 2)).toEqual(['later', [1, 2]])
  })
})

describe('set-up', () => {
  it('traces once when the options are wrapped twice', async () => {
    await using server = await serveEcho(grpc, traceGrpcServer({}, traceGrpcServer()))
    await callUnary(server.client(traceGrpcClient({}, traceGrpcClient())), 'x')
    await recorder.waitFor({ kind: 'SERVER' })
    expect(recorder).toMatchTrace(`
      CLIENT test.Echo/Unary
        SERVER test.Echo/Unary
    `)
  })

  it('traces once when the interceptor is also given to one call', async () => {
    await using server = await serveEcho(grpc, {})
    const { interceptors } = traceGrpcClient()
    await callUnary(server.client(traceGrpcClient()), 'x', { interceptors })
    expect(recorder.spans().map(({ kind }) => kind)).toEqual([SpanKind.CLIENT])
  })

  it('does not change the given options', () => {
    const interceptors: never[] = []
    const options = Object.freeze({
      'grpc.keepalive_time_ms': 1000,
      interceptors: Object.freeze(interceptors) as never[],
    })
    expect(traceGrpcServer({}, options)).toMatchObject({ 'grpc.keepalive_time_ms': 1000 })
    expect(traceGrpcClient({}, options)).toMatchObject({ 'grpc.keepalive_time_ms': 1000 })
    expect(options).toEqual({ 'grpc.keepalive_time_ms': 1000, interceptors: [] })
  })

  it.each([
    [() => traceGrpcServer({ parnt: 'trust' } as never), /unknown option 'parnt'.*did you mean parent/],
    [() => traceGrpcServer({ parent: 'maybe' as never }), /option parent must be 'trust', 'link', 'ignore'/],
    [() => traceGrpcClient({ inject: 'yes' as never }), /option inject must be true or false/],
    [
      () => traceGrpcClient({ captureMetadata: { request: 'tenant' } as never }),
      /option captureMetadata must be/,
    ],
    [
      () => traceGrpcClient({}, 'localhost' as never),
      /the client's options must be an object; got 'localhost'/,
    ],
    [() => traceGrpcServer({}, null as never), /the server's options must be an object; got null/],
  ])('refuses invalid options: %#', (work, message) => {
    expect(work).toThrow(TypeError)
    expect(work).toThrow(message)
  })
})
