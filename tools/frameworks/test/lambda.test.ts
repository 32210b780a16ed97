import { randomBytes } from 'node:crypto'

import { afterAll, beforeAll, expect, it, jest } from '@jest/globals'
import { exceptionsOf, type ReceivedSpan, type Receiver, startReceiver } from '@spanwright/traces'

import type { Invocation } from './lambda/program.ts'
import { type Program, startProgram } from './process.ts'

// Starting processes and receiving spans takes a while on a busy machine.
jest.setTimeout(120_000)

let receiver: Receiver
let program: Program<unknown>
beforeAll(async () => {
  receiver = await startReceiver()
})
afterAll(async () => {
  await program.stop()
  await receiver.stop()
})

/** Calls a handler in a process that is frozen as soon as the handler has settled. */
async function invoke<Result>(handler: string, event: object): Promise<Result> {
  const answer = await ask<Result>({ handler, event })
  await program.frozen()
  return answer
}

async function ask<Result>(invocation: Invocation): Promise<Result> {
  // oxlint-disable-next-line typescript/no-unnecessary-condition -- The first call starts it.
  if (program) {
    program.signal('SIGCONT')
    return program.ask<Result>(invocation)
  }
  program = await startProgram('lambda/program.ts', invocation, {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  })
  return program.answer as Result
}

/** A sender's trace. */
class Sender {
  readonly traceId: string = randomBytes(16).toString('hex')
  readonly spanId: string = randomBytes(8).toString('hex')
  readonly traceparent = `00-${this.traceId}-${this.spanId}-01`

  /** The spans of its trace that have arrived, while the process is frozen. */
  spans(): readonly ReceivedSpan[] {
    return receiver.spans().filter(({ traceId }) => traceId === this.traceId)
  }
}

function requestOf({ traceparent }: Sender, path = '/orders/7', routeKey = 'GET /orders/{id}'): object {
  return {
    version: '2.0',
    routeKey,
    rawPath: path,
    rawQueryString: '',
    headers: { host: 'shop.test', traceparent },
    pathParameters: { id: '7' },
    requestContext: { http: { method: 'GET', path, sourceIp: '192.0.2.7' }, stage: '$default' },
    isBase64Encoded: false,
  }
}

it('has sent the spans of a request when the process is frozen', async () => {
  const sender = new Sender()
  const result = await invoke('onRequest', requestOf(sender))

  expect(result).toEqual({ statusCode: 200, body: '{"id":"7"}' })
  const [inner, server] = sender.spans()
  expect(server).toMatchObject({
    kind: 'SERVER',
    name: 'GET /orders/{id}',
    failed: false,
    parentSpanId: sender.spanId,
    events: [],
  })
  expect(server?.attributes).toEqual({
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'http.route': '/orders/{id}',
    'url.path': '/orders/7',
    'url.scheme': 'https',
    'faas.trigger': 'http',
    'faas.invocation.id': 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef',
  })
  expect(inner).toMatchObject({ name: 'load order', parentSpanId: server?.spanId })
})

it('sends over a new connection when the old one was closed while the process was frozen', async () => {
  receiver.disconnect()
  const sender = new Sender()
  await invoke('onRequest', requestOf(sender))

  expect(sender.spans()).toHaveLength(2)
})

it('continues the trace of each message, and reports failed ones', async () => {
  const senders = [new Sender(), new Sender()]
  const Records = senders.map(({ traceparent }, index) => ({
    messageId: `message-${index}`,
    body: index === 1 ? 'broken' : 'fine',
    eventSourceARN: 'arn:aws:sqs:eu-west-1:123456789012:orders',
    messageAttributes: { traceparent: { dataType: 'String', stringValue: traceparent } },
  }))
  const result = await invoke('onOrders', { Records })

  expect(result).toEqual({ batchItemFailures: [{ itemIdentifier: 'message-1' }] })
  senders.forEach((sender, index) => {
    const span = sender.spans().find(({ kind }) => kind === 'CONSUMER')
    expect(span).toMatchObject({
      name: 'process orders',
      parentSpanId: sender.spanId,
      failed: index === 1,
      attributes: {
        'messaging.system.name': 'aws.sqs',
        'messaging.operation.name': 'process',
        'messaging.operation.type': 'process',
        'messaging.destination.name': 'orders',
        'messaging.message.id': `message-${index}`,
      },
    })
    expect(exceptionsOf(span!)).toEqual(index === 1 ? ['RangeError'] : [])
  })
})

it.each(['throughServerlessHttp', 'throughServerlessExpress'])(
  'traces an app of Express %s',
  async handler => {
    const sender = new Sender()
    const result = await invoke<{ statusCode: number; body: string }>(handler, requestOf(sender))
    const failing = new Sender()
    const failure = await invoke<{ statusCode: number }>(handler, requestOf(failing, '/broken', '$default'))

    expect(result).toMatchObject({ statusCode: 200, body: '{"id":"7"}' })
    const server = sender.spans().find(({ kind }) => kind === 'SERVER')
    expect(server).toMatchObject({
      name: 'GET /orders/:id',
      failed: false,
      parentSpanId: sender.spanId,
      events: [],
      attributes: { 'http.response.status_code': 200, 'http.route': '/orders/:id', 'url.path': '/orders/7' },
    })
    expect(sender.spans().map(({ name }) => name)).toContain('load order')
    expect(failure.statusCode).toBe(500)
    const [failed] = failing.spans()
    expect(failed).toMatchObject({
      name: 'GET /broken',
      failed: true,
      attributes: { 'error.type': 'RangeError', 'http.response.status_code': 500 },
    })
  },
)

it('sends the spans only at the next invocation without forceFlush()', async () => {
  const sender = new Sender()
  await invoke('withoutFlush', requestOf(sender))
  expect(sender.spans()).toEqual([])

  await invoke('onRequest', requestOf(new Sender()))
  expect(sender.spans().map(({ name }) => name)).toContain('unsent')
})
