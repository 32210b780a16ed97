/**
 * Copies the own properties of an object over those of another, as a spread does. Not by a spread: V8 before Node 22
 * gives each result that is added to a shape of its own, which makes all that is done with it slow.
 */
export function copyOver<T extends object>(target: T, source: object): T {
  // Assigned, this one name would change what the copy inherits.
  return Object.hasOwn(source, '__proto__') ? { ...target, ...source } : Object.assign(target, source)
}

/**
 * A copy of an object of the application with some properties replaced, which may be written to. One of a class keeps
 * its prototype, and its accessors read the original, which alone has the private fields.
 */
export function copyWith<T extends object>(original: T, replaced: Readonly<Record<string, unknown>>): T {
  const prototype = Object.getPrototypeOf(original) as object | null
  if (prototype === Object.prototype) return { ...original, ...replaced }
  const own = Object.getOwnPropertyDescriptors(original)
  for (const descriptor of Object.values(own)) {
    descriptor.configurable = true
    if ('writable' in descriptor) descriptor.writable = true
  }
  const copy = Object.create(prototype, own) as T
  readThrough(copy, original)
  for (const [name, value] of Object.entries(replaced)) setOwn(copy, name, value)
  return copy
}

function readThrough(copy: object, original: object): void {
  let prototype = Object.getPrototypeOf(original) as object | null
  let next = prototype && (Object.getPrototypeOf(prototype) as object | null)
  // The last one of the chain has nothing but what all objects have.
  while (prototype && next) {
    for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (!descriptor.get || Object.hasOwn(copy, name)) continue
      const get = (): unknown => Reflect.get(original, name)
      const set = (value: unknown): void => setOwn(copy, name, value)
      Object.defineProperty(copy, name, { get, set, configurable: true })
    }
    prototype = next
    next = Object.getPrototypeOf(prototype) as object | null
  }
}

function setOwn(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, configurable: true, enumerable: true, writable: true })
}
