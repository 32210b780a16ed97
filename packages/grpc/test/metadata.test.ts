import * as grpc from '@grpc/grpc-js'
import {
  context,
  createTraceState,
  ROOT_CONTEXT,
  type TextMapPropagator,
  trace,
  TraceFlags,
} from '@opentelemetry/api'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { type GrpcClientTracingOptions, traceGrpcClient, traceGrpcServer } from '@spanwright/grpc'
import { collectDiag } from '@spanwright/test-kit'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'
import '@spanwright/testing/jest'
import * as fc from 'fast-check'

import { callUnary, type EchoServer, serveEcho } from './service.ts'

let recorder: SpanRecorder
let echo: EchoServer
/** The metadata that the server received, except what the library adds. */
let received: Record<string, unknown> = {}
beforeAll(async () => {
  recorder = recordSpans({ global: true })
  echo = await serveEcho(grpc, traceGrpcServer({ grpcTraceBin: true }), {
    unary(call, callback) {
      const { 'user-agent': _, ...rest } = call.metadata.toJSON() as Record<string, unknown>
      received = rest
      callback(null, call.request)
    },
  })
})
afterEach(() => recorder.reset())
afterAll(async () => {
  await echo[Symbol.asyncDispose]()
  await recorder.stop()
})

const OTHER = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

function metadataOf(entries: Readonly<Record<string, string | Buffer>>): grpc.Metadata {
  const metadata = new grpc.Metadata()
  for (const [key, value] of Object.entries(entries)) metadata.set(key, value)
  return metadata
}

async function send(options?: GrpcClientTracingOptions, metadata = new grpc.Metadata()): Promise<void> {
  const client = echo.client(traceGrpcClient(options))
  await callUnary(client, 'x', metadata)
  client.close()
}

/** `traceparent` of the client's span. */
function ownParent(): string {
  const { traceId, spanId } = recorder.find({ kind: 'CLIENT' })!.spanContext()
  return `00-${traceId}-${spanId}-01`
}

/** A propagator that writes the given fields. */
function writing(fields: Readonly<Record<string, unknown>>): TextMapPropagator {
  return {
    inject(_context, carrier, setter) {
      for (const [name, value] of Object.entries(fields)) setter.set(carrier, name, value as string)
    },
    extract: given => given,
    fields: () => Object.keys(fields),
  }
}

describe('the context in metadata', () => {
  it('is written to a copy', async () => {
    const metadata = metadataOf({ tenant: 'a', 'key-bin': Buffer.from([1]) })
    Object.freeze(metadata)
    const before = JSON.stringify(metadata)
    await send({}, metadata)
    expect(received).toEqual({
      tenant: ['a'],
      'key-bin': [Buffer.from([1])],
      traceparent: [ownParent()],
    })
    expect(JSON.stringify(metadata)).toBe(before)
  })

  it('keeps the options of the metadata, and the values that interceptors attach', async () => {
    const metadata = new grpc.Metadata({ waitForReady: true })
    metadata.setOpaque('mine', 42)
    const seen: unknown[] = []
    const client = echo.client(
      traceGrpcClient(
        {},
        {
          interceptors: [
            (options, next) =>
              new grpc.InterceptingCall(next(options), {
                start(given, listener, start) {
                  seen.push(given.getOptions(), given.getOpaque('mine'), given.get('traceparent').length)
                  start(given, listener)
                },
              }),
          ],
        },
      ),
    )
    await callUnary(client, 'x', metadata)
    expect(seen).toEqual([{ waitForReady: true }, 42, 1])
  })

  it('is not written with inject: false', async () => {
    await send({ inject: false })
    expect(received).toEqual({})
  })

  it('is not written when there already is one', async () => {
    const given = { traceparent: OTHER, tracestate: 'a=b' }
    await send({}, metadataOf(given))
    expect(received).toEqual({ traceparent: [OTHER], tracestate: ['a=b'] })
  })

  it('replaces all fields of an existing one with existingContext: replace', async () => {
    await send(
      { existingContext: 'replace' },
      metadataOf({ traceparent: OTHER, tracestate: 'a=b', baggage: 'x=1' }),
    )
    expect(received).toEqual({ traceparent: [ownParent()] })
  })

  it('keeps baggage of the caller', async () => {
    await send({}, metadataOf({ baggage: 'x=1' }))
    expect(received).toEqual({ baggage: ['x=1'], traceparent: [ownParent()] })
  })

  it('never contains fields that control the call or cannot be sent', async () => {
    const diag = collectDiag()
    const propagator = writing({
      'grpc-timeout': '1n',
      'grpc-encoding': 'gzip',
      'grpc-trace-bin': 'x',
      'x-bin': 'text',
      ':authority': 'evil.test',
      ':path': '/test.Echo/Repeat',
      te: 'x',
      host: 'evil.test',
      'content-type': 'text/plain',
      'user-agent': 'x',
      authorization: 'secret-1',
      'not a name': 'x',
      plus: 'secret-2\u00e9',
      newline: 'secret-3\n',
      "quote'd": 'x',
      'X-Trace': 'fine',
    })
    await send({ propagator })
    diag.stop()
    expect(received).toEqual({ 'x-trace': ['fine'] })
    expect(diag.lines.length).toBeGreaterThan(0)
    expect(diag.lines.join('\n')).not.toMatch(/secret|evil/)
    expect(recorder.find({ kind: 'CLIENT' })).toMatchObject({ attributes: { 'rpc.status_code': 'OK' } })
  })

  it('does not remove a reserved field of the caller that a propagator declares', async () => {
    const diag = collectDiag()
    const propagator = writing({ authorization: 'theirs', 'x-trace': 'new' })
    await send(
      { propagator, existingContext: 'replace' },
      metadataOf({ authorization: 'mine', 'x-trace': 'old', other: 'stays' }),
    )
    diag.stop()
    expect(received).toEqual({ authorization: ['mine'], 'x-trace': ['new'], other: ['stays'] })
  })
})

describe('grpc-trace-bin', () => {
  it('is sent and read in addition to traceparent', async () => {
    await send({ grpcTraceBin: true })
    const { traceId, spanId } = recorder.find({ kind: 'CLIENT' })!.spanContext()
    const expected = Buffer.concat([
      Buffer.from([0, 0]),
      Buffer.from(traceId, 'hex'),
      Buffer.from([1]),
      Buffer.from(spanId, 'hex'),
      Buffer.from([2, 1]),
    ])
    expect(received).toEqual({ traceparent: [ownParent()], 'grpc-trace-bin': [expected] })
  })

  it('is read without traceparent', async () => {
    const [, traceId = '', spanId = ''] = OTHER.split('-')
    const bytes = Buffer.from(`0000${traceId}01${spanId}0201`, 'hex')
    const client = echo.client()
    await callUnary(client, 'x', metadataOf({ 'grpc-trace-bin': bytes }))
    const server = await recorder.waitFor({ kind: 'SERVER' })
    expect(server.parentSpanContext).toMatchObject({ traceId, spanId, isRemote: true, traceFlags: 1 })
  })

  it('never fails a call, whatever its bytes', async () => {
    const client = echo.client()
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 40 }), async bytes => {
        expect(await callUnary(client, 'x', metadataOf({ 'grpc-trace-bin': Buffer.from(bytes) }))).toBe('x')
      }),
      { numRuns: 40 },
    )
    expect(recorder.open()).toEqual([])
  })
})

const anId = (length: number): fc.Arbitrary<string> =>
  fc
    .uint8Array({ minLength: length, maxLength: length })
    .filter(bytes => bytes.some(byte => byte !== 0))
    .map(bytes => Buffer.from(bytes).toString('hex'))

const aKey = fc
  .stringMatching(/^[a-z][a-z0-9_.-]{0,12}$/)
  .filter(key => !/^grpc-|-bin$/.test(key) && !['te', 'host', 'connection', 'upgrade'].includes(key))
  .filter(
    key =>
      !/^(?:content|proxy|accept)-|^(?:keep-alive|transfer-encoding|http2-settings|user-agent|cookie|baggage|traceparent|tracestate)$/.test(
        key,
      ),
  )

describe('any metadata', () => {
  it('arrives as it was sent, in addition to the context', async () => {
    const client = echo.client(traceGrpcClient())
    const aValue = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/)
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(aKey, aValue, { maxKeys: 5 }),
        fc.dictionary(
          aKey.map(key => `${key}-bin`),
          fc.uint8Array({ minLength: 1, maxLength: 20 }),
          { maxKeys: 3 },
        ),
        async (texts, bytes) => {
          const binary = Object.fromEntries(
            Object.entries(bytes).map(([key, value]) => [key, Buffer.from(value)]),
          )
          await callUnary(client, 'x', metadataOf({ ...texts, ...binary }))
          const { traceparent, ...rest } = received
          expect(traceparent).toHaveLength(1)
          expect(rest).toEqual(
            Object.fromEntries(Object.entries({ ...texts, ...binary }).map(([key, value]) => [key, [value]])),
          )
        },
      ),
      { numRuns: 30 },
    )
  })

  it('carries any span context', async () => {
    const client = echo.client(traceGrpcClient())
    await fc.assert(
      fc.asyncProperty(anId(16), anId(8), async (traceId, spanId) => {
        await recorder.reset()
        const traceFlags = TraceFlags.SAMPLED
        const parent = { traceId, spanId, traceFlags, traceState: createTraceState('a=1') }
        await context.with(trace.setSpanContext(ROOT_CONTEXT, parent), () => callUnary(client, 'x'))
        const server = await recorder.waitFor({ kind: 'SERVER' })
        const { spanId: sender } = recorder.find({ kind: 'CLIENT' })!.spanContext()
        expect(server.parentSpanContext).toMatchObject({ traceId, spanId: sender, isRemote: true })
        expect(server.spanContext().traceState?.serialize()).toBe('a=1')
      }),
      { numRuns: 20 },
    )
  })

  it('from any propagator never fails a call', async () => {
    const diag = collectDiag()
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.anything(), { maxKeys: 5 }), async fields => {
        const client = echo.client(traceGrpcClient({ propagator: writing(fields) }))
        expect(await callUnary(client, 'x', { deadline: Date.now() + 60_000 })).toBe('x')
        client.close()
      }),
      { numRuns: 30 },
    )
    diag.stop()
    expect(recorder.open()).toEqual([])
  })
})

describe('captured metadata', () => {
  const options = {
    captureMetadata: {
      request: ['Tenant', 'key-bin', 'authorization', 'missing'],
      response: ['served-by', 'etag-bin'],
      trailers: ['cost', 'sum-bin'],
    },
  }
  let answering: EchoServer
  beforeAll(async () => {
    answering = await serveEcho(grpc, traceGrpcServer(options), {
      unary(call, callback) {
        call.sendMetadata(metadataOf({ 'served-by': 'b', 'etag-bin': Buffer.from([255, 0]) }))
        const trailers = metadataOf({ cost: '7', 'sum-bin': Buffer.from([9]) })
        if (call.request === 'fail')
          callback({ code: grpc.status.NOT_FOUND, details: 'x', metadata: trailers })
        else callback(null, 'x', trailers)
      },
    })
  })
  afterAll(async () => answering[Symbol.asyncDispose]())

  it.each([['ok'], ['fail']])('is recorded on both sides, with separate trailers: %s', async message => {
    const metadata = metadataOf({ tenant: 'a', 'key-bin': Buffer.from('hello'), authorization: 'Bearer x' })
    metadata.add('tenant', 'b')
    await callUnary(answering.client(traceGrpcClient(options)), message, metadata).catch(() => undefined)
    const server = await recorder.waitFor({ kind: 'SERVER' })
    const captured = {
      'rpc.request.header.key-bin': ['aGVsbG8='],
      'rpc.request.header.authorization': ['REDACTED'],
      'rpc.response.header.served-by': ['b'],
      'rpc.response.header.etag-bin': ['/wA='],
      'rpc.response.trailer.cost': ['7'],
      'rpc.response.trailer.sum-bin': ['CQ=='],
    }
    const client = recorder.find({ kind: 'CLIENT' })
    expect(client?.attributes).toMatchObject({ ...captured, 'rpc.request.header.tenant': ['a', 'b'] })
    // Node's HTTP/2 joins values.
    expect(server.attributes).toMatchObject({ ...captured, 'rpc.request.header.tenant': ['a, b'] })
    expect(server.attributes).not.toHaveProperty(['rpc.request.header.missing'])
  })

  it('shows the values of keys in unmasked', async () => {
    const { captureMetadata } = options
    const unmasked = { captureMetadata: { ...captureMetadata, unmasked: ['Authorization'] } }
    await callUnary(answering.client(traceGrpcClient(unmasked)), 'x', metadataOf({ authorization: 'Basic' }))
    expect(recorder.find({ kind: 'CLIENT' })?.attributes).toMatchObject({
      'rpc.request.header.authorization': ['Basic'],
    })
    await recorder.waitFor({ kind: 'SERVER' })
  })
})
