import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { traceGrpcClient, traceGrpcServer } from '@spanwright/grpc'
import { requestSpan, withSpan } from '@spanwright/core'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'
import '@spanwright/testing/jest'

import { callUnary, type EchoServer, serveEcho, statusOf, VERSIONS } from './service.ts'

let recorder: SpanRecorder
beforeAll(() => {
  recorder = recordSpans({ global: true })
})
afterEach(() => recorder.reset())
afterAll(() => recorder.stop())

describe.each(VERSIONS)('a unary call with %s', (version, grpc) => {
  let echo: EchoServer
  const seen: unknown[] = []
  beforeAll(async () => {
    echo = await serveEcho(grpc, traceGrpcServer(), {
      unary(call, callback) {
        seen.push([trace.getActiveSpan()?.spanContext().spanId, requestSpan()?.spanContext().spanId])
        if (/^\d+$/.test(call.request)) callback({ code: Number(call.request), details: 'secret' })
        else callback(null, call.request.toUpperCase())
      },
    })
  })
  afterAll(async () => echo[Symbol.asyncDispose]())

  it('has a span on each side, in the trace of the caller', async () => {
    const client = echo.client(traceGrpcClient())
    const result = await withSpan('caller', () => callUnary(client, 'hello'))
    expect(result).toBe('HELLO')
    await recorder.waitFor({ kind: 'SERVER' })
    expect(recorder).toMatchTrace(`
      INTERNAL caller
        CLIENT test.Echo/Unary
          SERVER test.Echo/Unary
    `)
    expect(recorder).toBeComplete()
    expect(recorder).toFollowSemanticConventions()
    const server = await recorder.waitFor({ kind: 'SERVER' })
    expect(recorder.find({ kind: 'CLIENT' })).toMatchObject({
      kind: SpanKind.CLIENT,
      status: { code: SpanStatusCode.UNSET },
      attributes: {
        'rpc.system.name': 'grpc',
        'rpc.method': 'test.Echo/Unary',
        'rpc.status_code': 'OK',
        'server.address': '127.0.0.1',
        'server.port': echo.port,
        'network.peer.address': '127.0.0.1',
        'network.peer.port': echo.port,
      },
      events: [],
      links: [],
    })
    expect(server.attributes).toEqual({
      'rpc.system.name': 'grpc',
      'rpc.method': 'test.Echo/Unary',
      'rpc.status_code': 'OK',
      ...(!version.endsWith('1.10') && { 'server.address': '127.0.0.1', 'server.port': echo.port }),
      'network.peer.address': '127.0.0.1',
      'network.peer.port': expect.any(Number),
    })
    expect(server).toMatchObject({ status: { code: SpanStatusCode.UNSET }, events: [], links: [] })
    const { spanId } = server.spanContext()
    expect(seen.splice(0)).toEqual([[spanId, spanId]])
  })

  it.each([
    [1, 'CANCELLED', false],
    [2, 'UNKNOWN', true],
    [3, 'INVALID_ARGUMENT', false],
    [4, 'DEADLINE_EXCEEDED', true],
    [5, 'NOT_FOUND', false],
    [6, 'ALREADY_EXISTS', false],
    [7, 'PERMISSION_DENIED', false],
    [8, 'RESOURCE_EXHAUSTED', false],
    [9, 'FAILED_PRECONDITION', false],
    [10, 'ABORTED', false],
    [11, 'OUT_OF_RANGE', false],
    [12, 'UNIMPLEMENTED', true],
    [13, 'INTERNAL', true],
    [14, 'UNAVAILABLE', true],
    [15, 'DATA_LOSS', true],
    [16, 'UNAUTHENTICATED', false],
  ])('that ends with %i has the status %s on both sides, without its details', async (code, name, blames) => {
    const client = echo.client(traceGrpcClient())
    expect(await statusOf(callUnary(client, String(code)))).toBe(code)
    const server = await recorder.waitFor({ kind: 'SERVER' })
    const failed = { code: SpanStatusCode.ERROR }
    expect(recorder.find({ kind: 'CLIENT' })).toMatchObject({
      status: failed,
      attributes: { 'rpc.status_code': name, 'error.type': name },
      events: [],
    })
    expect(server.status).toEqual(blames ? failed : { code: SpanStatusCode.UNSET })
    expect(server.attributes).toMatchObject({ 'rpc.status_code': name })
    expect(server.attributes['error.type']).toBe(blames ? name : undefined)
    expect(
      JSON.stringify(recorder.spans().map(({ attributes, status }) => [attributes, status])),
    ).not.toContain('secret')
  })

  it('has the number of a status without a name', async () => {
    const client = echo.client(traceGrpcClient())
    const code = await statusOf(callUnary(client, '99'))
    const server = await recorder.waitFor({ kind: 'SERVER' })
    expect(server.attributes).toMatchObject({ 'rpc.status_code': '99' })
    // grpc-js 1.10 reports UNKNOWN to its clients.
    const name = code === 99 ? '99' : 'UNKNOWN'
    expect(recorder.find({ kind: 'CLIENT' })?.attributes).toMatchObject({
      'rpc.status_code': name,
      'error.type': name,
    })
  })

  it('has a duration metric on each side', async () => {
    const client = echo.client(traceGrpcClient())
    await callUnary(client, 'hello')
    await statusOf(callUnary(client, '13'))
    await recorder.waitFor({ kind: 'SERVER', status: 'error' })
    const metrics = await recorder.metrics()
    expect(metrics).toFollowSemanticConventions()
    const points = metrics.map(({ descriptor, dataPoints }) => [
      descriptor.name,
      { unit: descriptor.unit, points: dataPoints.map(({ attributes }) => attributes) },
    ])
    const common = { 'rpc.system.name': 'grpc', 'rpc.method': 'test.Echo/Unary' }
    const address = { 'server.address': '127.0.0.1', 'server.port': echo.port }
    const ok = { ...common, 'rpc.status_code': 'OK' }
    const failed = { ...common, 'rpc.status_code': 'INTERNAL', 'error.type': 'INTERNAL' }
    expect(Object.fromEntries(points)).toEqual({
      'rpc.client.call.duration': {
        unit: 's',
        points: [
          { ...ok, ...address },
          { ...failed, ...address },
        ],
      },
      'rpc.server.call.duration': { unit: 's', points: [ok, failed] },
    })
  })
})
