// How undici's own objects are recognised: a minified bundle changes their class names, but not their field names.

/** Handler of `request()`, which exposes what its caller receives. */
export interface RequestHandler {
  /** The reason of its abort signal; null when it was not aborted. */
  readonly reason: unknown
  /** The body of the response, once there is one. */
  readonly res: unknown
}

/** True for the handler created by `request()`. */
export function isRequestHandler(handler: object | undefined): handler is RequestHandler {
  return handler !== undefined && 'highWaterMark' in handler && 'res' in handler && 'callback' in handler
}

/**
 * True for undici 7's adapter of a handler in the old form: it has the methods of both forms, and everything else is
 * private.
 */
export function isAdapted(handler: object): boolean {
  return 'onHeaders' in handler && 'onRequestStart' in handler && Object.keys(handler).length === 0
}
