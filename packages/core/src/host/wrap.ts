import { show } from './options.ts'

// A registered symbol, so that a second copy of this package sees the mark of the first.
const ORIGINAL = Symbol.for('spanwright.original')

type AnyFunction = (...args: never[]) => unknown

interface Wrapper {
  [ORIGINAL]?: unknown
}

/** The original of a wrapped function; undefined for a function that is not wrapped. */
export function originalOf(value: unknown): unknown {
  return typeof value === 'function' ? (value as Wrapper)[ORIGINAL] : undefined
}

/** True when the method of an object was replaced by {@link wrapMethod}. */
export function isWrapped<Target extends object>(target: Target, name: keyof Target): boolean {
  return originalOf(target[name]) !== undefined
}

/** `prototype` cannot be redefined, and `arguments` and `caller` exist only on sloppy-mode functions. */
const NO_PART_OF_A_FACE: ReadonlySet<PropertyKey> = new Set([ORIGINAL, 'prototype', 'arguments', 'caller'])

/**
 * Makes a replacement look like the original: same name, length and own properties, plus a reference to the original.
 * @returns the replacement
 */
export function keepFace<Replacement extends AnyFunction>(
  replacement: Replacement,
  original: AnyFunction,
): Replacement {
  for (const key of Reflect.ownKeys(original)) {
    if (NO_PART_OF_A_FACE.has(key)) continue
    const descriptor = Object.getOwnPropertyDescriptor(original, key)
    if (descriptor) Object.defineProperty(replacement, key, descriptor)
  }
  Object.defineProperty(replacement, ORIGINAL, { value: original })
  return replacement
}

/**
 * Replaces a method on one object, never on its class.
 * @param wrap receives the original and returns its replacement, which passes `this` on
 * @returns a function that removes the replacement, unless it has been wrapped again
 * @throws TypeError when there is no such method, or it cannot be replaced on this object
 */
export function wrapMethod<Target extends object, Name extends keyof Target>(
  target: Target,
  name: Name,
  wrap: (original: Target[Name] & AnyFunction) => AnyFunction,
): () => void {
  const original = target[name]
  if (typeof original !== 'function') {
    throw new TypeError(`${String(name)} is not a method of the given object`)
  }
  const own = Object.getOwnPropertyDescriptor(target, name)
  const replacement = keepFace(
    wrap(original as Target[Name] & AnyFunction),
    original as unknown as AnyFunction,
  )
  const replaced = Reflect.defineProperty(target, name, {
    value: replacement,
    configurable: true,
    writable: true,
    // A class method is not enumerable on the object, so its replacement must not be either.
    enumerable: own?.enumerable ?? false,
  })
  if (!replaced) {
    throw new TypeError(
      `${String(name)} of ${show(target)} cannot be replaced: the object is frozen or sealed`,
    )
  }
  return () => {
    if (target[name] !== (replacement as unknown)) return
    if (own) Object.defineProperty(target, name, own)
    else delete target[name]
  }
}
