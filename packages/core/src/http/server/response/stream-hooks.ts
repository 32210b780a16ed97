import { exchangeOf } from '../open-exchanges.ts'
import type { Exchange, ServerAnswer, ServerRequest, StreamPrototypes } from '../framework.ts'

/** A method of a request or a response, called with them as `this`. */
export type Method = (this: unknown, ...args: unknown[]) => unknown

/** A request or a response, as far as its listeners go. */
export interface Emitter {
  listenerCount(event: unknown): number
}

/** What an exchange does with the calls that are led through it. */
interface StreamListener extends Exchange {
  emitOfResponse(res: Emitter, emit: Method, args: readonly unknown[]): unknown
  emitOfRequest(req: Emitter, emit: Method, args: readonly unknown[]): unknown
  writeHead(res: unknown, writeHead: Method, args: readonly unknown[]): unknown
}

/**
 * Leads what request and response emit, and the begin of the response, through their exchange.
 * @param prototypes where the methods are put once for all requests; else each request gets its own
 */
export function hookStreams(
  req: ServerRequest,
  res: ServerAnswer,
  prototypes: StreamPrototypes | undefined,
): void {
  if (prototypes) {
    hookPrototype(prototypes.request, REQUEST_METHODS)
    hookPrototype(prototypes.response, RESPONSE_METHODS)
    return
  }
  // One by one: in a loop over names every access would be a search.
  if (Object.hasOwn(req, 'emit')) hookMethod(req, 'emit', REQUEST_METHODS)
  else (req as Hooked).emit = emitOfRequest
  if (Object.hasOwn(res, 'emit')) hookMethod(res, 'emit', RESPONSE_METHODS)
  else (res as Hooked).emit = emitOfResponse
  if (Object.hasOwn(res, 'writeHead')) hookMethod(res, 'writeHead', RESPONSE_METHODS)
  else (res as Hooked).writeHead = writeHead
}

/** Finds the method that stands behind a hook. */
type Original = (self: unknown) => Method
type Hooks = Readonly<Record<string, (original: Original) => Method>>

const REQUEST_METHODS = {
  emit: (original: Original) =>
    function emit(this: unknown, ...args: unknown[]): unknown {
      const exchange = listenerOf(this)
      if (!exchange) return Reflect.apply(original(this), this, args)
      return exchange.emitOfRequest(this as Emitter, original(this), args)
    },
} satisfies Hooks

const RESPONSE_METHODS = {
  emit: (original: Original) =>
    function emit(this: unknown, ...args: unknown[]): unknown {
      const exchange = listenerOf((this as ServerAnswer).req)
      if (!exchange) return Reflect.apply(original(this), this, args)
      return exchange.emitOfResponse(this as Emitter, original(this), args)
    },
  writeHead: (original: Original) =>
    function writeHead(this: unknown, ...args: unknown[]): unknown {
      const exchange = listenerOf((this as ServerAnswer).req)
      if (!exchange) return Reflect.apply(original(this), this, args)
      return exchange.writeHead(this, original(this), args)
    },
} satisfies Hooks

interface Hooked {
  emit: unknown
  writeHead?: unknown
}

// Shared by all requests: no function is made for one.
const emitOfRequest = REQUEST_METHODS.emit(self => prototypeOf(self).emit)
const emitOfResponse = RESPONSE_METHODS.emit(self => prototypeOf(self).emit)
const writeHead = RESPONSE_METHODS.writeHead(self => prototypeOf(self).writeHead)

function prototypeOf(stream: unknown): { readonly emit: Method; readonly writeHead: Method } {
  return Object.getPrototypeOf(stream) as { readonly emit: Method; readonly writeHead: Method }
}

const HOOKED = new WeakSet<object>()

function hookPrototype(prototype: object, hooks: Hooks): void {
  if (HOOKED.has(prototype)) return
  HOOKED.add(prototype)
  for (const name of Object.keys(hooks)) hookMethod(prototype, name, hooks)
}

function hookMethod(target: object, name: string, hooks: Hooks): void {
  const own = Object.hasOwn(target, name) ? ((target as Record<string, unknown>)[name] as Method) : undefined
  const value = hooks[name]?.(() => own ?? inheritedBy(target, name))
  Object.defineProperty(target, name, { value, configurable: true, writable: true })
}

function inheritedBy(target: object, name: string): Method {
  return (Object.getPrototypeOf(target) as Record<string, Method>)[name] as Method
}

function listenerOf(req: unknown): StreamListener | undefined {
  const exchange = exchangeOf(req as ServerRequest)
  return exchange && 'emitOfRequest' in exchange ? (exchange as StreamListener) : undefined
}
