import { type AttributeValue, diag } from '@opentelemetry/api'
import { reportFailure, show } from '@spanwright/core/plugin'

/** Maximum number of objects and arrays in one value. It ends cycles too, since an object in a cycle counts each time. */
const MAX_CONTAINERS = 1000

/**
 * A copy of a value that can be recorded, with strings and bytes truncated; undefined if there is none. As specified,
 * a value is a string, number, boolean, byte array, null, or an array or plain object of these.
 */
export function cleanValue(key: string, value: unknown, lengthLimit: number): AttributeValue | undefined {
  if (typeof value === 'string' && key !== '') return cut(value, lengthLimit)
  if (value === undefined) return undefined
  if (key !== '') {
    if (typeof value === 'number' || typeof value === 'boolean') return value
    const copy = new Copying(lengthLimit).of(value)
    // With API 1.9 the type has no nested values.
    if (copy !== undefined) return copy as AttributeValue
  }
  sayOnce(key)
  return undefined
}

/** A name as text, as callers without types may pass anything. */
export function textOf(name: unknown): string {
  return typeof name === 'string' ? name : show(name)
}

function cut(value: string, lengthLimit: number): string {
  return value.length > lengthLimit ? value.slice(0, lengthLimit) : value
}

/** Copies one value. */
class Copying {
  private readonly lengthLimit: number
  private containers = 0

  constructor(lengthLimit: number) {
    this.lengthLimit = lengthLimit
  }

  /** @returns undefined when the value, or one in it, cannot be recorded */
  of(value: unknown): unknown {
    try {
      return this.copy(value)
    } catch (error) {
      // Getters and proxies of the application.
      reportFailure('reading an attribute', error)
      return undefined
    }
  }

  private copy(value: unknown): unknown {
    if (typeof value === 'string') return cut(value, this.lengthLimit)
    if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value
    if (typeof value !== 'object') return undefined
    if (isBytes(value)) return new Uint8Array(value.subarray(0, Math.min(value.length, this.lengthLimit)))
    this.containers += 1
    if (this.containers > MAX_CONTAINERS) return undefined
    return Array.isArray(value) ? this.copyList(value) : isPlain(value) ? this.copyObject(value) : undefined
  }

  /** Gaps stay gaps. */
  private copyList(items: readonly unknown[]): unknown[] | undefined {
    const copies: unknown[] = []
    for (const item of items) {
      const copy = item === undefined ? undefined : this.copy(item)
      if (copy === undefined && item !== undefined) return undefined
      copies.push(copy)
    }
    return copies
  }

  private copyObject(value: object): object | undefined {
    const copies: [string, unknown][] = []
    for (const [key, item] of Object.entries(value)) {
      if (item === undefined) continue
      const copy = this.copy(item)
      if (copy === undefined) return undefined
      copies.push([key, copy])
    }
    return Object.fromEntries(copies)
  }
}

/** Also of another realm. */
function isBytes(value: object): value is Uint8Array {
  return Object.prototype.toString.call(value) === '[object Uint8Array]'
}

/** Unlike a Date, an Error or a Map; also of another realm. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

const MAX_SAID = 100
const said = new Set<string>()

function sayOnce(key: string): void {
  if (said.has(key) || said.size >= MAX_SAID) return
  said.add(key)
  const what = key === '' ? 'an attribute without a key' : `attribute ${key}`
  diag.warn(
    `spanwright: ${what} is not recorded: it must be a string, number, boolean, byte array, or an array or plain object of these`,
  )
}
