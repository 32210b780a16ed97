import type { EventEmitter } from 'node:events'

type Listener = (...args: unknown[]) => unknown
type Method = (this: unknown, event: string | symbol, listener: Listener) => unknown

const ADDING = ['addListener', 'on', 'once', 'prependListener', 'prependOnceListener'] as const
const REMOVING = ['removeListener', 'off'] as const

const bound = new WeakSet<EventEmitter>()

/** Makes an emitter bind the listeners that it gets, once; they can be removed as usual. */
export function bindEmitter<Emitter extends EventEmitter>(
  emitter: Emitter,
  bind: (listener: Listener) => Listener,
): Emitter {
  if (bound.has(emitter)) return emitter
  bound.add(emitter)
  const boundTo = new WeakMap<Listener, Listener>()
  const boundListener = (listener: Listener): Listener => {
    // Node adds the listeners of `once()` with `on()`, in a wrapper that knows the listener, which is bound already.
    if (typeof listener !== 'function' || Object.hasOwn(listener, 'listener')) return listener
    const known = boundTo.get(listener)
    if (known) return known
    const made = bind(listener)
    boundTo.set(listener, made)
    return made
  }
  for (const name of ADDING) replace(emitter, name, boundListener)
  for (const name of REMOVING) replace(emitter, name, listener => boundTo.get(listener) ?? listener)
  return emitter
}

function replace(
  emitter: EventEmitter,
  name: keyof EventEmitter,
  change: (given: Listener) => Listener,
): void {
  const original = emitter[name] as Method | undefined
  if (typeof original !== 'function') return
  const value = function (this: unknown, event: string | symbol, listener: Listener): unknown {
    return original.call(this, event, change(listener))
  }
  Object.defineProperty(emitter, name, { value, writable: true, configurable: true, enumerable: false })
}
