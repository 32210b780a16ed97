// What undici's own objects are told by: the names of their classes are gone in a minified bundle, those of their
// fields are not.

/** Handler of `request()`, which shows what its caller is told. */
export interface RequestHandler {
  /** With which its signal cancelled it; null when it did not. */
  readonly reason: unknown
  /** The body of the response, once there is one. */
  readonly res: unknown
}

/** True for the handler that `request()` makes. */
export function isRequestHandler(handler: object | undefined): handler is RequestHandler {
  return handler !== undefined && 'highWaterMark' in handler && 'res' in handler && 'callback' in handler
}

/**
 * True for what undici 7 makes of a handler of the old form: it has the methods of both forms, and keeps all else
 * private.
 */
export function isAdapted(handler: object): boolean {
  return 'onHeaders' in handler && 'onRequestStart' in handler && Object.keys(handler).length === 0
}
