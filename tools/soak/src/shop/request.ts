import { type Agent, type ClientRequest, type IncomingMessage, request as open } from 'node:http'

import { LARGE_ORDER, type PlannedRequest, type RequestKind, SMALL_ORDER } from '../schedule.ts'

/** How a request ended for the client. */
export interface Answer {
  readonly number: number
  readonly kind: RequestKind
  /** The status; `aborted` by the client; otherwise the code of an error. */
  readonly status: number | string
  readonly body: string
  /** Times of `performance.now()`. */
  readonly from: number
  readonly to: number
}

/** Milliseconds after which a client gives up, which must not happen. */
const PATIENCE = 90_000

interface Shape {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body: string
}

/** The number of a request is the quantity of its order, so that its row and its message can be found. */
function shapeOf({ kind, number }: PlannedRequest): Shape {
  switch (kind) {
    case 'read an order':
      return get(`/orders/${SMALL_ORDER}`)
    case 'abort in mid-response':
      return get(`/orders/${LARGE_ORDER}`)
    case 'read a missing order':
      return get('/orders/999999999')
    case 'sold out':
      return orderOf('kettle', number)
    case 'unknown item':
      return orderOf('saucer', number)
    case 'rejected by the database':
      return orderOf('teapot', 0)
    default:
      return orderOf('teapot', number)
  }
}

function get(path: string): Shape {
  return { method: 'GET', path, body: '' }
}

function orderOf(sku: string, quantity: number): Shape {
  return { method: 'POST', path: '/orders', body: JSON.stringify({ sku, quantity }) }
}

/** Sends a request. Never rejects. */
export function send(address: string, planned: PlannedRequest, agent?: Agent): Promise<Answer> {
  const { method, path, body } = shapeOf(planned)
  const from = performance.now()
  return new Promise(resolve => {
    const end = (status: number | string, text = ''): void => {
      clearTimeout(timer)
      const { number, kind } = planned
      resolve({ number, kind, status, body: text, from, to: performance.now() })
    }
    const headers = body ? { 'content-type': 'application/json', 'content-length': body.length } : {}
    const request = open(`http://${address}${path}`, { method, headers, agent: agent ?? false })
    const abort = (): void => {
      end('aborted')
      request.destroy()
    }
    const timer = setTimeout(() => {
      end('no response')
      request.destroy()
    }, PATIENCE)
    request.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
    request.on('response', response => {
      if (planned.kind === 'abort in mid-response') response.once('data', abort)
      readAll(response, end)
    })
    write(request, planned, body, abort)
  })
}

function write(
  request: ClientRequest,
  { kind, abortAfter }: PlannedRequest,
  body: string,
  abort: () => void,
): void {
  if (kind === 'abort in mid-request') {
    request.write(body.slice(0, body.length / 2), abort)
    return
  }
  request.end(body)
  if (kind === 'abort before the response') request.once('finish', () => setTimeout(abort, abortAfter))
}

function readAll(response: IncomingMessage, end: (status: number | string, text?: string) => void): void {
  const chunks: Buffer[] = []
  response.on('data', (chunk: Buffer) => chunks.push(chunk))
  response.on('end', () => end(response.statusCode ?? 0, Buffer.concat(chunks).toString()))
  response.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
}
