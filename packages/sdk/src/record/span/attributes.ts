import type { Attributes, AttributeValue } from '@opentelemetry/api'

import { cleanValue } from './values.ts'

/**
 * Slots in a new list: twelve attributes, as many as a request has. A list that grows is copied, and so allocated twice
 * (benchmark row: Koa).
 */
const ROOM = 24
const NOTHING: unknown[] = []

/**
 * The attributes of a span while it is recorded: a flat list of keys and values, which costs least to fill and to
 * encode. Once a processor has asked for the object that the SDK's spans have, that object is what counts, since it
 * may be written to.
 */
export class SpanAttributes {
  /** A key, its value, the next key, … */
  private list = NOTHING
  /** How much of the list is used. */
  size = 0
  private object: Attributes | undefined
  private readonly countLimit: number
  private readonly lengthLimit: number
  /** Number of attributes dropped by the limit. */
  dropped = 0

  constructor(countLimit: number, lengthLimit: number) {
    this.countLimit = countLimit
    this.lengthLimit = lengthLimit
  }

  /** Sets the start attributes. */
  start(attributes: Attributes): void {
    const { lengthLimit } = this
    for (const key in attributes) {
      // Unlike Object.hasOwn(), the engine leaves this out of such a loop: 0.1 µs of a span in span-cost.ts.
      const value = Object.prototype.hasOwnProperty.call(attributes, key)
        ? cleanValue(key, attributes[key], lengthLimit)
        : undefined
      if (value !== undefined) this.append(key, value)
    }
  }

  set(key: string, given: AttributeValue | undefined): void {
    const value = cleanValue(key, given, this.lengthLimit)
    if (value === undefined) return
    if (this.object) this.setInObject(this.object, key, value)
    else this.setInList(key, value)
  }

  /** Attributes from the context do not override those set here. */
  setIfAbsent(key: string, value: AttributeValue): void {
    if (this.indexOf(key) < 0) this.set(key, value)
  }

  private setInList(key: string, value: AttributeValue): void {
    const index = this.indexOf(key)
    if (index < 0) this.append(key, value)
    else this.list[index + 1] = value
  }

  private indexOf(key: string): number {
    const { list, size } = this
    for (let index = 0; index < size; index += 2) {
      if (list[index] === key) return index
    }
    return -1
  }

  private append(key: string, value: AttributeValue): void {
    const { size } = this
    if (size >= this.countLimit * 2) {
      this.dropped += 1
      return
    }
    // oxlint-disable-next-line unicorn/no-new-array -- the length is what is wanted
    if (this.list === NOTHING) this.list = new Array(ROOM)
    this.list[size] = key
    this.list[size + 1] = value
    this.size = size + 2
  }

  private setInObject(object: Attributes, key: string, value: AttributeValue): void {
    if (Object.hasOwn(object, key) || Object.keys(object).length < this.countLimit) object[key] = value
    else this.dropped += 1
  }

  /** The attributes as an object, which may be written to. */
  toObject(): Attributes {
    this.object ??= objectOf(this.list, this.size)
    return this.object
  }

  /** Replaces all attributes; the given object stays the caller's. */
  replace(attributes: Attributes): void {
    this.object = { ...attributes }
  }

  /** A key, its value, the next key, … up to `size`; undefined where the object is what counts. */
  get pairs(): readonly unknown[] | undefined {
    return this.object === undefined ? this.list : undefined
  }

  clear(): void {
    this.list = NOTHING
    this.size = 0
    this.object = undefined
  }
}

function objectOf(list: readonly unknown[], size: number): Attributes {
  const object: Attributes = {}
  for (let index = 0; index < size; index += 2) {
    object[list[index] as string] = list[index + 1] as AttributeValue
  }
  return object
}

/** Attributes of an event or link, within its limits. */
export interface LimitedAttributes {
  readonly attributes: Attributes
  readonly dropped: number
}

export function limitAttributes(
  given: Attributes | undefined,
  countLimit: number,
  lengthLimit: number,
): LimitedAttributes {
  const attributes: Attributes = {}
  let count = 0
  let dropped = 0
  for (const key in given) {
    const value = Object.hasOwn(given, key) ? cleanValue(key, given[key], lengthLimit) : undefined
    if (value === undefined) continue
    if (count < countLimit) attributes[key] = value
    else dropped += 1
    count += 1
  }
  return { attributes, dropped }
}
