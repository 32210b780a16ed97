import type { Readable } from 'node:stream'

import { type Context, context as contextApi } from '@opentelemetry/api'

import { isActive } from '../current-request.ts'

/**
 * Has a body that is being piped do its work in the context of its request: Koa pipes it after the last middleware,
 * outside of the request. What a source reads next, it reads where it got the part before, or where the response drains.
 */
export function readWithin(context: Context, source: Partial<Readable> | undefined): void {
  if (isActive(context) || typeof source?.read !== 'function' || typeof source.readableLength !== 'number')
    return
  const body = source as Readable
  contextApi.with(context, fill, undefined, body)
  // One that has its parts at hand goes on to read when it begins to flow.
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
