import type { Readable } from 'node:stream'

import { type Context, context as contextApi } from '@opentelemetry/api'

import { isActive } from '../current-request.ts'

/**
 * Makes a piped body run in the context of its request: Koa pipes it after the last middleware, outside the request's
 * context. A source reads its next chunk in the context in which the previous one arrived, or in which the response
 * drains.
 */
export function readWithin(context: Context, source: Partial<Readable> | undefined): void {
  if (isActive(context) || typeof source?.read !== 'function' || typeof source.readableLength !== 'number')
    return
  const body = source as Readable
  contextApi.with(context, fill, undefined, body)
  // A source with buffered chunks continues to read when it starts to flow.
  body.once('resume', () => contextApi.with(context, drain, undefined, body))
}

function fill(body: Readable): void {
  let before: number
  do {
    before = body.readableLength
    body.read(0)
  } while (body.readableLength > before && body.readableLength < body.readableHighWaterMark)
}

function drain(body: Readable): void {
  while (body.readableFlowing && body.read() !== null);
}
