import { exchangeOf, exchangeOfResponse } from '../open-requests.ts'
import type { Exchange, ServerAnswer, ServerRequest, StreamPrototypes } from '../framework.ts'
import { keepFace } from '../../../host/wrap.ts'

/** A method of a request or a response, called with them as `this`. */
export type Method = (this: unknown, ...args: unknown[]) => unknown

/** A request or a response as an event emitter. */
export interface Emitter {
  listenerCount?(event: unknown, listener?: unknown): number
}

/** The methods that end a response, or start it without a body. */
const SENDING = ['end', 'flushHeaders'] as const
export type Sending = 'write' | (typeof SENDING)[number]

/** An exchange that receives the calls on its request and its response. */
export interface Tapped extends Exchange<unknown> {
  /**
   * Whether the taps are on the request and response themselves; then taps on their prototypes pass all calls through.
   */
  readonly tapsItself: boolean
  emitOfRequest(req: Emitter, emit: Method, args: readonly unknown[]): unknown
  emitOfResponse(res: Emitter, emit: Method, args: readonly unknown[]): unknown
  writeHead(res: ServerAnswer, writeHead: Method, args: readonly unknown[]): unknown
  /** The response is separated from its connection, by Node at its end or by the application before. */
  detached(res: ServerAnswer, socket: unknown): void
  /** The response was closed. */
  closed(): void
  /** Called with `end` and `flushHeaders` only after {@link tapSending}. */
  send(res: ServerAnswer, name: Sending, send: Method, args: readonly unknown[]): unknown
}

/**
 * Passes the events of request and response, and the head and body of the response, through the exchange of the
 * request.
 * @param prototypes where the methods are added once for all requests; without them each request gets its own
 * @returns {@link Tapped.tapsItself}
 */
export function tap(
  req: ServerRequest,
  res: ServerAnswer,
  prototypes: StreamPrototypes | undefined,
): boolean {
  if (prototypes) {
    tapPrototype(prototypes.request, REQUEST_TAPS)
    tapPrototype(prototypes.response, RESPONSE_TAPS)
    // Methods that middleware added earlier may bypass a prototype tapped only now.
    if (!hasOwnMethods(req, res)) return false
  }
  const { emit } = tapsBelow(req, REQUEST_TAPS)
  const below = tapsBelow(res, RESPONSE_TAPS)
  // Written out: in a loop over names every access would be a dictionary lookup.
  if (Object.hasOwn(req, 'emit')) tapMethod(req, 'emit', REQUEST_TAPS)
  else (req as Tappable).emit = emit
  if (Object.hasOwn(res, 'emit')) tapMethod(res, 'emit', RESPONSE_TAPS)
  else (res as Tappable).emit = below.emit
  if (Object.hasOwn(res, 'writeHead')) tapMethod(res, 'writeHead', RESPONSE_TAPS)
  else (res as Tappable).writeHead = below.writeHead
  if (Object.hasOwn(res, 'write')) tapMethod(res, 'write', RESPONSE_TAPS)
  else (res as Tappable).write = below.write
  if (below.detachSocket) (res as Tappable).detachSocket = below.detachSocket
  return true
}

const RESPONSE_METHODS = ['emit', 'writeHead', 'write'] as const

function hasOwnMethods(req: ServerRequest, res: ServerAnswer): boolean {
  return RESPONSE_METHODS.some(name => Object.hasOwn(res, name)) || Object.hasOwn(req, 'emit')
}

/**
 * Notifies the exchange when a response closes, even when a framework has removed the taps.
 * @param isLast whether it is notified after the existing listeners
 */
export function listenForClose(res: ServerAnswer, isLast: boolean): void {
  if (isLast) res.on('close', closeTapped)
  else res.prependListener('close', closeTapped)
}

/**
 * False when an event has no listener besides the one of {@link listenForClose}: then no context needs to be entered.
 */
export function isHeard(emitter: Emitter, event: unknown): boolean {
  if (!emitter.listenerCount) return true
  const own = event === 'close' ? emitter.listenerCount(event, closeTapped) : 0
  return emitter.listenerCount(event) > own
}

function closeTapped(this: ServerAnswer): void {
  asTapped(exchangeOfResponse(this))?.closed()
}

/** Passes the other sending calls of one response through the exchange of its request. */
export function tapSending(res: ServerAnswer): void {
  const below = tapsBelow(res, SENDING_TAPS)
  for (const name of SENDING) {
    if (Object.hasOwn(res, name)) tapMethod(res, name, SENDING_TAPS)
    else (res as unknown as Record<Sending, unknown>)[name] = below[name]
  }
}

interface Tappable {
  emit: unknown
  writeHead?: unknown
  write?: unknown
  detachSocket?: unknown
}

/** Finds the method behind a tap. */
type Original = () => Method
/** @param isOwn whether the tap is on a request or response itself, not on a prototype */
type Make = (original: Original, isOwn: boolean) => Method

/** Of an optional method only when the stream has it. */
type Made<Name extends string> = Readonly<Record<Exclude<Name, 'detachSocket'>, Method>> & {
  readonly detachSocket?: Method
}

/** Taps by method name; those on a prototype are shared by all objects that inherit from it. */
interface Taps<Name extends string> {
  readonly make: Readonly<Record<Name, Make>>
  readonly shared: WeakMap<object, Made<Name>>
}

const REQUEST_TAPS: Taps<'emit'> = tapsOf({
  emit: (original, isOwn) =>
    function emit(...args) {
      const exchange = tappedBy(exchangeOf(this as ServerRequest), isOwn)
      if (!exchange) return Reflect.apply(original(), this, args)
      return exchange.emitOfRequest(this as Emitter, original(), args)
    },
})

const RESPONSE_TAPS: Taps<(typeof RESPONSE_METHODS)[number] | 'detachSocket'> = tapsOf({
  detachSocket: (original, isOwn) =>
    function detachSocket(...args) {
      const result = Reflect.apply(original(), this, args)
      tappedBy(exchangeOfResponse(this as ServerAnswer), isOwn)?.detached(this as ServerAnswer, args[0])
      return result
    },
  emit: (original, isOwn) =>
    function emit(...args) {
      const exchange = tappedBy(exchangeOfResponse(this as ServerAnswer), isOwn)
      if (!exchange) return Reflect.apply(original(), this, args)
      return exchange.emitOfResponse(this as Emitter, original(), args)
    },
  writeHead: (original, isOwn) =>
    function writeHead(...args) {
      const exchange = tappedBy(exchangeOfResponse(this as ServerAnswer), isOwn)
      if (!exchange) return Reflect.apply(original(), this, args)
      return exchange.writeHead(this as ServerAnswer, original(), args)
    },
  write: (original, isOwn) =>
    function write(...args) {
      const exchange = tappedBy(exchangeOfResponse(this as ServerAnswer), isOwn)
      if (!exchange) return Reflect.apply(original(), this, args)
      return exchange.send(this as ServerAnswer, 'write', original(), args)
    },
})

const sending =
  (name: Sending): Make =>
  original =>
    function send(...args) {
      const exchange = asTapped(exchangeOfResponse(this as ServerAnswer))
      if (!exchange) return Reflect.apply(original(), this, args)
      return exchange.send(this as ServerAnswer, name, original(), args)
    }

const SENDING_TAPS: Taps<(typeof SENDING)[number]> = tapsOf({
  end: sending('end'),
  flushHeaders: sending('flushHeaders'),
})

function tapsOf<Name extends string>(make: Readonly<Record<Name, Make>>): Taps<Name> {
  return { make, shared: new WeakMap() }
}

function tapsBelow<Name extends string>(stream: object, taps: Taps<Name>): Made<Name> {
  const prototype = Object.getPrototypeOf(stream) as object
  let made = taps.shared.get(prototype)
  if (!made) {
    const names = Object.keys(taps.make).filter(
      name => name !== 'detachSocket' || name in prototype,
    ) as Name[]
    const entries = names.map(name => {
      // Looked up on the prototype: an object that inherits from a tapped response would find the tap again.
      const original = (): Method => methodOf(prototype, name)
      return [name, keepFace(taps.make[name](original, true), original())]
    })
    made = Object.fromEntries(entries) as Made<Name>
    taps.shared.set(prototype, made)
  }
  return made
}

const TAPPED = new WeakSet<object>()

function tapPrototype<Name extends string>(prototype: object, taps: Taps<Name>): void {
  if (TAPPED.has(prototype)) return
  TAPPED.add(prototype)
  for (const name of Object.keys(taps.make) as Name[]) {
    if (name !== 'detachSocket' || name in prototype) tapMethod(prototype, name, taps, false)
  }
}

function tapMethod<Name extends string>(target: object, name: Name, taps: Taps<Name>, isOwn = true): void {
  const own = Object.hasOwn(target, name) ? methodOf(target, name) : undefined
  const original = (): Method => own ?? methodOf(Object.getPrototypeOf(target), name)
  const value = keepFace(taps.make[name](original, isOwn), original())
  Object.defineProperty(target, name, { value, configurable: true, writable: true })
}

function methodOf(target: unknown, name: string): Method {
  return (target as Record<string, Method>)[name]!
}

function tappedBy(exchange: Exchange<unknown> | undefined, isOwn: boolean): Tapped | undefined {
  const tapped = asTapped(exchange)
  return tapped?.tapsItself === isOwn ? tapped : undefined
}

function asTapped(exchange: Exchange<unknown> | undefined): Tapped | undefined {
  return exchange && 'tapsItself' in exchange ? (exchange as Tapped) : undefined
}
