import type { Readable } from 'node:stream'

import { type Context, context as contextApi, createContextKey, type Span } from '@opentelemetry/api'

import { contextWithValue } from '../../operation/lean-context.ts'
import { type Emitter, isHeard, type Method } from './response/tap.ts'

/** The open request, as seen by the work it started. */
export interface CurrentRequest {
  readonly span: Span
  /** Sets the route, overriding the one found by the framework. Absent for requests without routes. */
  setRoute?(pattern: string): void
  /** Notes an error that led to the response. */
  recordError(error: unknown): void
}

/**
 * Refers from a context to its request. After the request has ended the reference is cleared, so a long-lived context
 * retains nothing of it.
 */
export interface RequestToken {
  current: CurrentRequest | undefined
}

const KEY = createContextKey('spanwright.request')

/**
 * A context for the work of a new request.
 * @param token refers to the request; its owner clears it when the request has ended
 */
export function inNewRequest(context: Context, token: RequestToken = { current: undefined }): Context {
  return contextWithValue(context, KEY, token)
}

/** True when a context belongs to a request that this package traces. */
export function isInRequest(context: Context): boolean {
  return context.getValue(KEY) !== undefined
}

/** The token of a context that {@link inNewRequest} made, or of one within it. */
export function tokenOf(context: Context): RequestToken | undefined {
  return context.getValue(KEY) as RequestToken | undefined
}

/** The request of the active context; undefined when there is none, or it has ended. */
export function currentRequest(): CurrentRequest | undefined {
  return tokenOf(contextApi.active())?.current
}

/** True when the active context belongs to the same request as the given one, even inside another span. */
function isActive(context: Context): boolean {
  return tokenOf(contextApi.active()) === tokenOf(context)
}

/** Emits an event in the context of a request. */
export function emitWithin(
  context: Context | undefined,
  emitter: Emitter,
  emit: Method,
  args: readonly unknown[],
): unknown {
  if (!context || !isHeard(emitter, args[0]) || isActive(context)) {
    return Reflect.apply(emit, emitter, args)
  }
  // No closure: it would be made for every event (benchmark row: Koa).
  return contextApi.with(context, emitNow, undefined, emitter, emit, args)
}

function emitNow(emitter: Emitter, emit: Method, args: readonly unknown[]): unknown {
  return Reflect.apply(emit, emitter, args)
}

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
