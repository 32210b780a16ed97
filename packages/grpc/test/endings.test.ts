import { once } from 'node:events'
import { connect } from 'node:http2'

import type * as library from '@grpc/grpc-js'
import { SpanStatusCode } from '@opentelemetry/api'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { traceGrpcClient, traceGrpcServer } from '@spanwright/grpc'
import { recordRequestError } from '@spanwright/core'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'
import '@spanwright/testing/jest'

import { callUnary, type EchoServer, framed, serveEcho, statusOf, VERSIONS } from './service.ts'

let recorder: SpanRecorder
beforeAll(() => {
  recorder = recordSpans({ global: true })
})
afterEach(() => recorder.reset())
afterAll(() => recorder.stop())

type Kind = 'CLIENT' | 'SERVER'

/** The only span of a side, once it has ended. */
async function only(kind: Kind): Promise<ReturnType<SpanRecorder['spans']>[number]> {
  const span = await recorder.waitFor({ kind })
  expect(recorder.spans().filter(other => other.kind === span.kind)).toEqual([span])
  return span
}

async function expectEnding(kind: Kind, status: string, isError: boolean): Promise<void> {
  const span = await only(kind)
  expect(span.attributes).toMatchObject({ 'rpc.status_code': status })
  expect(span.attributes['error.type']).toBe(isError ? status : undefined)
  expect(span.status).toEqual({ code: isError ? SpanStatusCode.ERROR : SpanStatusCode.UNSET })
  expect(span.events).toEqual([])
}

/** The status that a stream of a client ends with. */
function endOf(stream: library.ClientReadableStream<string>): Promise<number> {
  stream.on('error', () => undefined)
  return new Promise(resolve => stream.on('status', ({ code }) => resolve(code)))
}

describe.each(VERSIONS)('with %s', (_, grpc) => {
  const { status } = grpc
  let echo: EchoServer
  let cancelled: (() => void) | undefined
  /** Called by the handler of a call that waits. */
  let arrived: () => void = () => undefined
  const waiting = (call: { on(event: 'cancelled', listener: () => void): unknown }): void => {
    call.on('cancelled', () => cancelled?.())
    arrived()
  }
  beforeAll(async () => {
    echo = await serveEcho(
      grpc,
      traceGrpcServer({}, { 'grpc.max_receive_message_length': 100, 'grpc.max_send_message_length': 200 }),
      {
        unary(call, callback) {
          if (call.request === 'wait') waiting(call)
          else if (call.request === 'throw') throw new Error('secret')
          else if (call.request === 'large') callback(null, 'x'.repeat(300))
          else if (call.request === 'twice') {
            callback(null, 'first')
            callback({ code: status.INTERNAL, details: 'second' })
          } else if (call.request === 'noted') {
            const error = new RangeError('no such thing')
            recordRequestError(error)
            callback({ code: status.NOT_FOUND, details: 'x' })
          } else callback(null, call.request)
        },
        collect(call, callback) {
          call.on('error', () => undefined)
          call.on('data', (part: string) => {
            if (part === 'wait') {
              waiting(call)
              call.removeAllListeners('end')
            }
            if (part === 'stop') callback({ code: status.ABORTED, details: 'stop' })
          })
          call.on('end', () => callback(null, 'collected'))
        },
        repeat(call) {
          if (call.request === 'wait') {
            call.write('first')
            waiting(call)
          } else if (call.request === 'fail') {
            call.write('first')
            call.emit('error', { code: status.DATA_LOSS, details: 'gone' })
          } else call.end()
        },
        chat(call) {
          call.on('error', () => undefined)
          call.on('data', (part: string) => {
            if (part === 'wait') {
              waiting(call)
              // Node sends the end of the stream before its reset, so the handler would respond in between.
              call.removeAllListeners('end')
            } else if (part === 'fail') call.emit('error', { code: status.UNAVAILABLE, details: 'busy' })
            else call.write(part)
          })
          call.on('end', () => call.end())
        },
      },
    )
  })
  afterAll(async () => echo[Symbol.asyncDispose]())

  /** Runs a call until its handler waits. */
  async function untilWaiting<Call>(start: () => Call): Promise<Call> {
    const promise = new Promise<void>(resolve => (arrived = resolve))
    const call = start()
    await promise
    return call
  }

  describe('a call that its client cancels', () => {
    it.each([
      ['unary', (client: ReturnType<EchoServer['client']>) => client.unary('wait', () => undefined)],
      [
        'collect',
        (client: ReturnType<EchoServer['client']>) => {
          const call = client.collect(() => undefined)
          call.on('error', () => undefined)
          call.write('wait')
          return call
        },
      ],
      [
        'repeat',
        (client: ReturnType<EchoServer['client']>) => client.repeat('wait').on('error', () => undefined),
      ],
      [
        'chat',
        (client: ReturnType<EchoServer['client']>) => {
          const call = client.chat().on('error', () => undefined)
          call.write('wait')
          return call
        },
      ],
    ] as const)('is CANCELLED on both sides: %s', async (__, start) => {
      const client = echo.client(traceGrpcClient())
      const told = new Promise<void>(resolve => (cancelled = resolve))
      const call = await untilWaiting(() => start(client))
      call.cancel()
      await told
      await expectEnding('CLIENT', 'CANCELLED', true)
      await expectEnding('SERVER', 'CANCELLED', false)
    })
  })

  it('a call ends on both sides when the deadline of the client expires', async () => {
    const client = echo.client(traceGrpcClient())
    const call = callUnary(client, 'wait', { deadline: Date.now() + 30 })
    expect(await statusOf(call)).toBe(status.DEADLINE_EXCEEDED)
    await expectEnding('CLIENT', 'DEADLINE_EXCEEDED', true)
    const server = await only('SERVER')
    // Either the clock of the server or the client's reset comes first.
    expect(['DEADLINE_EXCEEDED', 'CANCELLED']).toContain(server.attributes['rpc.status_code'])
  })

  describe('for a client that only waits', () => {
    /** Sends a call over an HTTP/2 connection, and waits until the server has ended it. */
    async function send(
      path: string,
      message: Buffer,
      headers: Record<string, string> = {},
    ): Promise<unknown> {
      const session = connect(`http://${echo.address}`)
      const stream = session.request({
        ':method': 'POST',
        ':path': path,
        te: 'trailers',
        'content-type': 'application/grpc',
        ...headers,
      })
      let code: unknown
      stream.on('response', response => (code ??= response['grpc-status']))
      stream.on('trailers', trailers => (code ??= trailers['grpc-status']))
      stream.end(message)
      stream.resume()
      await once(stream, 'close')
      session.close()
      return code
    }

    it('an expired deadline is DEADLINE_EXCEEDED', async () => {
      expect(await send('/test.Echo/Unary', framed('wait'), { 'grpc-timeout': '20m' })).toBe('4')
      await expectEnding('SERVER', 'DEADLINE_EXCEEDED', true)
    })

    it('an unreadable deadline is INTERNAL', async () => {
      expect(await send('/test.Echo/Unary', framed('wait'), { 'grpc-timeout': 'soon' })).toBe('13')
      await expectEnding('SERVER', 'INTERNAL', true)
    })

    it('an oversized message is RESOURCE_EXHAUSTED', async () => {
      expect(await send('/test.Echo/Unary', framed('x'.repeat(101)))).toBe('8')
      await expectEnding('SERVER', 'RESOURCE_EXHAUSTED', false)
    })

    it('a missing message is UNIMPLEMENTED', async () => {
      expect(await send('/test.Echo/Unary', Buffer.alloc(0))).toBe('12')
      await expectEnding('SERVER', 'UNIMPLEMENTED', true)
    })

    it('a method that the server does not have has no span', async () => {
      expect(await send('/test.Echo/Nope', framed('x'))).toBe('12')
      expect(recorder.spans()).toEqual([])
      expect(recorder.open()).toEqual([])
    })

    it('a connection that breaks is CANCELLED', async () => {
      const session = connect(`http://${echo.address}`)
      session.on('error', () => undefined)
      await untilWaiting(() =>
        session
          .request({ ':method': 'POST', ':path': '/test.Echo/Unary', 'content-type': 'application/grpc' })
          .on('error', () => undefined)
          .end(framed('wait')),
      )
      session.destroy()
      await expectEnding('SERVER', 'CANCELLED', false)
    })
  })

  it('an oversized response is RESOURCE_EXHAUSTED on both sides', async () => {
    const client = echo.client(traceGrpcClient())
    expect(await statusOf(callUnary(client, 'large'))).toBe(status.RESOURCE_EXHAUSTED)
    await expectEnding('CLIENT', 'RESOURCE_EXHAUSTED', true)
    await expectEnding('SERVER', 'RESOURCE_EXHAUSTED', false)
  })

  it('a response that is too large for the client is RESOURCE_EXHAUSTED on its side', async () => {
    const client = echo.client(traceGrpcClient({}, { 'grpc.max_receive_message_length': 1 }))
    expect(await statusOf(callUnary(client, 'hello'))).toBe(status.RESOURCE_EXHAUSTED)
    await expectEnding('CLIENT', 'RESOURCE_EXHAUSTED', true)
    await only('SERVER')
  })

  it('a handler that throws is UNKNOWN, without the thrown error', async () => {
    const client = echo.client(traceGrpcClient())
    expect(await statusOf(callUnary(client, 'throw'))).toBe(status.UNKNOWN)
    await expectEnding('CLIENT', 'UNKNOWN', true)
    await expectEnding('SERVER', 'UNKNOWN', true)
  })

  it('an error that a handler records is an exception event in addition to the status', async () => {
    const client = echo.client(traceGrpcClient())
    expect(await statusOf(callUnary(client, 'noted'))).toBe(status.NOT_FOUND)
    const server = await only('SERVER')
    expect(server.status).toEqual({ code: SpanStatusCode.UNSET })
    expect(server.events).toMatchObject([
      {
        name: 'exception',
        attributes: { 'exception.type': 'RangeError', 'exception.message': 'no such thing' },
      },
    ])
  })

  it('an error that follows an unsent response is the status, once', async () => {
    const client = echo.client(traceGrpcClient())
    expect(await statusOf(callUnary(client, 'twice'))).toBe(status.INTERNAL)
    await expectEnding('CLIENT', 'INTERNAL', true)
    await expectEnding('SERVER', 'INTERNAL', true)
  })

  it('a stream that fails after its first message has that status on both sides', async () => {
    const client = echo.client(traceGrpcClient())
    expect(await endOf(client.repeat('fail').resume())).toBe(status.DATA_LOSS)
    await expectEnding('CLIENT', 'DATA_LOSS', true)
    await expectEnding('SERVER', 'DATA_LOSS', true)
  })

  it('a call that the server ends before the client has sent everything has that status on both sides', async () => {
    const client = echo.client(traceGrpcClient())
    const code = await new Promise(resolve => {
      const call = client.collect((error: library.ServiceError | null) => resolve(error?.code))
      call.on('error', () => undefined)
      call.write('stop')
    })
    expect(code).toBe(status.ABORTED)
    await expectEnding('CLIENT', 'ABORTED', true)
    await expectEnding('SERVER', 'ABORTED', false)
  })

  it('a bidirectional stream that its client half-closes ends with its status', async () => {
    const client = echo.client(traceGrpcClient())
    const call = client.chat()
    call.write('hello')
    const [answer] = (await once(call, 'data')) as [string]
    expect(answer).toBe('hello')
    expect(recorder.spans()).toEqual([])
    expect(recorder.open()).toHaveLength(2)
    call.end()
    call.resume()
    expect(await endOf(call)).toBe(status.OK)
    await expectEnding('CLIENT', 'OK', false)
    await expectEnding('SERVER', 'OK', false)
  })

  it('a bidirectional stream that the server aborts has that status on both sides', async () => {
    const client = echo.client(traceGrpcClient())
    const call = client.chat()
    call.write('fail')
    expect(await endOf(call.resume())).toBe(status.UNAVAILABLE)
    await expectEnding('CLIENT', 'UNAVAILABLE', true)
    await expectEnding('SERVER', 'UNAVAILABLE', true)
  })

  it('a call of a server that is shut down ends on both sides', async () => {
    await using mortal = await serveEcho(grpc, traceGrpcServer(), { unary: waiting })
    const client = mortal.client(traceGrpcClient())
    const call = await untilWaiting(() => ({ ended: statusOf(callUnary(client, 'x')) }))
    mortal.server.forceShutdown()
    const code = await call.ended
    const names = Object.keys(status) as (keyof typeof status)[]
    await expectEnding('CLIENT', names.find(name => status[name] === code) ?? '', true)
    await expectEnding('SERVER', 'CANCELLED', false)
    expect(code).not.toBe(0)
  })

  it('a call of an unreachable server is UNAVAILABLE', async () => {
    const gone = await serveEcho(grpc, {})
    const client = gone.client(traceGrpcClient())
    await gone[Symbol.asyncDispose](true)
    expect(await statusOf(callUnary(client, 'x'))).toBe(status.UNAVAILABLE)
    client.close()
    await expectEnding('CLIENT', 'UNAVAILABLE', true)
  })

  it('a call of a closed client has the error that the client throws', async () => {
    const client = echo.client(traceGrpcClient())
    client.close()
    const { message } = thrownBy(() => client.unary('x', () => undefined))
    expect(await only('CLIENT')).toMatchObject({
      name: 'test.Echo/Unary',
      status: { code: SpanStatusCode.ERROR, message },
      attributes: {
        'rpc.system.name': 'grpc',
        'rpc.method': 'test.Echo/Unary',
        'server.address': '127.0.0.1',
        'server.port': echo.port,
        'error.type': 'Error',
      },
      events: [{ name: 'exception' }],
    })
  })

  it('a message that cannot be serialized is INTERNAL', async () => {
    const client = echo.client(traceGrpcClient())
    const unserializable = undefined as unknown as string
    expect(await statusOf(callUnary(client, unserializable))).toBe(status.INTERNAL)
    await expectEnding('CLIENT', 'INTERNAL', true)
  })

  it('an error thrown by an interceptor of the application is that of the span', async () => {
    const error = new RangeError('mine')
    const client = echo.client(
      traceGrpcClient(
        {},
        {
          interceptors: [
            (options, next) =>
              new grpc.InterceptingCall(next(options), {
                start() {
                  throw error
                },
              }),
          ],
        },
      ),
    )
    expect(() => client.unary('x', () => undefined)).toThrow(error)
    const span = await only('CLIENT')
    expect(span).toMatchObject({
      status: { code: SpanStatusCode.ERROR, message: 'mine' },
      attributes: { 'error.type': 'RangeError' },
      events: [{ name: 'exception' }],
    })
  })

  it('retries beneath a call are part of its span', async () => {
    let attempts = 0
    await using flaky = await serveEcho(grpc, traceGrpcServer(), {
      unary(call, callback) {
        attempts++
        if (attempts < 3) callback({ code: status.UNAVAILABLE, details: 'busy' })
        else callback(null, call.request)
      },
    })
    const client = flaky.client(
      traceGrpcClient(
        {},
        {
          'grpc.service_config': JSON.stringify({
            methodConfig: [
              {
                name: [{ service: 'test.Echo' }],
                retryPolicy: {
                  maxAttempts: 4,
                  initialBackoff: '0.001s',
                  maxBackoff: '0.01s',
                  backoffMultiplier: 1,
                  retryableStatusCodes: ['UNAVAILABLE'],
                },
              },
            ],
          }),
        },
      ),
    )
    expect(await callUnary(client, 'hello')).toBe('hello')
    await expectEnding('CLIENT', 'OK', false)
    await recorder.waitFor({ kind: 'SERVER', status: 'unset' })
    expect(recorder).toMatchTrace(`
      CLIENT test.Echo/Unary
        SERVER test.Echo/Unary ✗ UNAVAILABLE
        SERVER test.Echo/Unary ✗ UNAVAILABLE
        SERVER test.Echo/Unary
    `)
  })
})

function thrownBy(work: () => unknown): Error {
  try {
    work()
  } catch (error) {
    return error as Error
  }
  throw new Error('it did not throw')
}
