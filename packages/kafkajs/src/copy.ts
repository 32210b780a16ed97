/** A copy of an object of whatever class, with some properties replaced. */
export function copyWith<T extends object>(original: T, replaced: Readonly<Record<string, unknown>>): T {
  const prototype = Object.getPrototypeOf(original) as object | null
  if (prototype === Object.prototype) return { ...original, ...replaced }
  const own = Object.getOwnPropertyDescriptors({ ...original, ...replaced })
  const copy = Object.create(prototype, own) as T
  readThrough(copy, original)
  return copy
}

/** Getters of a class may read what only the original has, such as private fields. */
function readThrough(copy: object, original: object): void {
  let prototype = Object.getPrototypeOf(original) as object | null
  let next = prototype && (Object.getPrototypeOf(prototype) as object | null)
  // The last one of the chain has nothing but what all objects have.
  while (prototype && next) {
    for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (!descriptor.get || Object.hasOwn(copy, name)) continue
      const get = (): unknown => Reflect.get(original, name)
      Object.defineProperty(copy, name, { get, configurable: true })
    }
    prototype = next
    next = Object.getPrototypeOf(prototype) as object | null
  }
}
