import type { Http2ServerResponse, Http2Session } from 'node:http2'

import { attempt, type Exchange, exchangeOf, isThenable } from '@spanwright/core/plugin'
import type { Context, Middleware } from 'koa'

const ON_ERROR: unique symbol = Symbol('spanwright.onerror')
const SESSION: unique symbol = Symbol('spanwright.session')

type OnError = (this: Watched, error: unknown) => void

interface Watched {
  readonly req: Context['req']
  readonly res: Context['res']
  onerror: OnError
  [ON_ERROR]: OnError
  /** HTTP/2: the session of the request; kept because a destroyed stream no longer exposes it. */
  [SESSION]?: Http2Session | undefined
}

/**
 * Notes the errors that reach Koa: middleware that threw, a body that cannot be sent, a stream that failed. All of them
 * are passed to `ctx.onerror`; errors that other middleware answers are not.
 */
export function watchErrors(ctx: Context): void {
  const watched = ctx as unknown as Watched
  if (typeof watched.onerror !== 'function') return
  watched[ON_ERROR] = watched.onerror
  if ('stream' in ctx.res) watched[SESSION] = streamOf(ctx.res).session
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- a method of Koa's, no handler of the DOM
  watched.onerror = onerror
}

/**
 * Notes the error with which the middleware after ours rejects, where middleware before it may answer that. What
 * rejects in the outermost one reaches Koa.
 */
export function watchRejection(ctx: Context, own: Middleware, handling: unknown): void {
  if (ctx.app.middleware[0] === own || !isThenable(handling)) return
  const watched = ctx as unknown as Watched
  // The promise that is handed on stays the application's own: a derived one would be missing from stacks.
  void handling.then(undefined, (error: unknown) => note(watched, error))
}

function note(watched: Watched, error: unknown): void {
  const exchange = exchangeOf(watched.req)
  if (exchange && attempt('reading an error', isFailure, error, watched)) exchange.recordError(error)
}

function onerror(this: Watched, error: unknown): void {
  note(this, error)
  const exchange = exchangeOf(this.req)
  // Without an error, the call only reports the end of a response, and Koa does nothing.
  if (!exchange || error === null || error === undefined) {
    this[ON_ERROR](error)
    return
  }
  answerWithin(exchange, this, error)
}

/** In the request's context, so that what an error listener of the app logs belongs to the trace. */
function answerWithin(exchange: Exchange<unknown>, watched: Watched, error: unknown): void {
  exchange.run(() => watched[ON_ERROR](error))
}

/** Koa also calls without an error when a response has ended, and with one when only the client has disconnected. */
function isFailure(error: unknown, watched: Watched): boolean {
  const { res } = watched
  if (error === null || error === undefined)
    return !res.headersSent && !res.writableEnded && !isClosed(watched)
  if (isOfConnection(error, watched)) return false
  const { code } = error as { code?: unknown }
  if (code !== 'ERR_STREAM_PREMATURE_CLOSE') return true
  return Boolean((res as { errored?: unknown }).errored) && !hasBrokenBefore(watched, error)
}

/** True for the error with which the connection broke. */
function isOfConnection(error: unknown, { req, res, [SESSION]: session }: Watched): boolean {
  // For a destroyed stream, HTTP/2 returns the stream itself as its socket, possibly with an application error.
  const { errored } = ('stream' in res ? streamOf(res) : req.socket) as { readonly errored?: unknown }
  return errored === error && session?.destroyed !== false
}

/** True when the connection broke first, and this error only reports that. */
function hasBrokenBefore({ req, res }: Watched, error: unknown): boolean {
  if ('stream' in res) return false
  const { errored } = req.socket as { readonly errored?: unknown }
  return Boolean(errored) && errored !== error
}

function isClosed({ req, res }: Watched): boolean {
  if ('stream' in res) return streamOf(res).destroyed
  // The application may have taken the connection from the response, which then is not closed with it.
  return res.destroyed || req.socket?.destroyed
}

function streamOf(res: unknown): Http2ServerResponse['stream'] {
  return (res as Http2ServerResponse).stream
}
