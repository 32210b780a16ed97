import type { IncomingMessage, ServerResponse } from 'node:http'

import { type Encoding, encodingOf, failureOf, successOf } from './answers.ts'
import { readBody, RefusedBody } from './body.ts'
import { MalformedRequest } from '../decode/budget.ts'
import { decodeJson } from '../decode/json.ts'
import { decodeProtobuf } from '../decode/protobuf.ts'
import { spansOf } from '../decode/spans.ts'
import type { TraceStore } from '../store/store.ts'

/** Answers a request of an exporter to `/v1/traces`, `/v1/metrics` or `/v1/logs`. Only traces are kept. */
export async function receiveExport(
  request: IncomingMessage,
  response: ServerResponse,
  signal: string,
  store: TraceStore,
): Promise<void> {
  const encoding = encodingOf(request.headers['content-type'])
  if (encoding === undefined) {
    refuse(
      request,
      response,
      415,
      'application/json',
      'content-type must be application/x-protobuf or application/json',
    )
    return
  }
  try {
    const body = await readBody(request)
    const { rejected, reason } = signal === 'traces' ? keep(body, encoding, store) : NOTHING
    send(response, 200, encoding, successOf(encoding, rejected, reason))
  } catch (error) {
    if (request.destroyed && !request.complete) return
    if (error instanceof MalformedRequest) refuse(request, response, 400, encoding, error.message)
    else if (error instanceof RefusedBody) refuse(request, response, error.status, encoding, error.message)
    else throw error
  }
}

const NOTHING = { rejected: 0, reason: '' }

function keep(
  body: Buffer,
  encoding: Encoding,
  store: TraceStore,
): { readonly rejected: number; readonly reason: string } {
  const document = encoding === 'application/json' ? decodeJson(body) : decodeProtobuf(body)
  const { records, rejected, reason } = spansOf(document)
  const dropped = store.add(records)
  return { rejected: rejected + dropped, reason: reason || 'the trace has too many spans' }
}

function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  encoding: Encoding,
  message: string,
): void {
  // The unread rest of the body would be parsed as the next request.
  if (!request.complete) response.setHeader('connection', 'close')
  send(response, status, encoding, failureOf(encoding, message))
}

function send(response: ServerResponse, status: number, encoding: Encoding, body: Buffer): void {
  response.writeHead(status, { 'content-type': encoding, 'content-length': body.length }).end(body)
}
