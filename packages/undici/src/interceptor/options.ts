import { TRACED } from '../request-mark.ts'
import type { DispatchOptions } from '../undici-types.ts'

/** A copy of options, which is also what is sent: those given belong to the caller. */
export function copyOf(options: DispatchOptions): DispatchOptions {
  const copy = { [TRACED]: undefined, headers: undefined, ...options }
  const prototype: unknown = Object.getPrototypeOf(options)
  return prototype === Object.prototype || prototype === null ? copy : inheriting(copy, options)
}

/** A copy of options whose members may be getters of a class, with private fields. */
function inheriting(copy: DispatchOptions, from: DispatchOptions): DispatchOptions {
  const own = Object.assign(Object.create(null) as DispatchOptions, copy, { headers: from.headers })
  return new Proxy(own, {
    get: (_, key) => (Object.hasOwn(own, key) ? own[key] : Reflect.get(from, key, from)),
    has: (_, key) => Object.hasOwn(own, key) || Reflect.has(from, key),
  })
}

/** Adds the mark of a traced request, and headers, to a copy of options. */
export function marked(copy: { headers?: unknown; [TRACED]?: unknown }, headers: unknown): DispatchOptions {
  copy[TRACED] = true
  copy.headers = headers
  return copy
}
