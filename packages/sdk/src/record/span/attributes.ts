import type { Attributes, AttributeValue } from '@opentelemetry/api'

import { cleanValue } from './values.ts'

/**
 * The attributes of a span while it is recorded: a flat list of keys and values, which costs least to fill and to
 * encode. Once a processor has asked for the object that the SDK's spans have, that object is what counts, since it
 * may be written to.
 */
export class SpanAttributes {
  /** A key, its value, the next key, … */
  private list: (string | AttributeValue)[] = []
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
    const { list, lengthLimit } = this
    const most = this.countLimit * 2
    for (const key in attributes) {
      // Unlike Object.hasOwn(), the engine leaves this out of such a loop: 0.1 µs of a span in span-cost.ts.
      const value = Object.prototype.hasOwnProperty.call(attributes, key)
        ? cleanValue(key, attributes[key], lengthLimit)
        : undefined
      if (value === undefined) continue
      if (list.length < most) list.push(key, value)
      else this.dropped += 1
    }
  }

  set(key: string, given: AttributeValue | undefined): void {
    const value = cleanValue(key, given, this.lengthLimit)
    if (value === undefined) return
    if (this.object) this.setInObject(this.object, key, value)
    else this.setInList(this.list, key, value)
  }

  /** Attributes from the context do not override those set here. */
  setIfAbsent(key: string, value: AttributeValue): void {
    if (!this.list.some((item, index) => index % 2 === 0 && item === key)) this.set(key, value)
  }

  private setInList(list: (string | AttributeValue)[], key: string, value: AttributeValue): void {
    for (let index = 0; index < list.length; index += 2) {
      if (list[index] === key) {
        list[index + 1] = value
        return
      }
    }
    if (list.length < this.countLimit * 2) list.push(key, value)
    else this.dropped += 1
  }

  private setInObject(object: Attributes, key: string, value: AttributeValue): void {
    if (Object.hasOwn(object, key) || Object.keys(object).length < this.countLimit) object[key] = value
    else this.dropped += 1
  }

  /** The attributes as an object, which may be written to. */
  toObject(): Attributes {
    this.object ??= objectOf(this.list)
    return this.object
  }

  /** Replaces all attributes; the given object stays the caller's. */
  replace(attributes: Attributes): void {
    this.object = { ...attributes }
  }

  /** A key, its value, the next key, …; undefined where the object is what counts. */
  get pairs(): readonly unknown[] | undefined {
    return this.object === undefined ? this.list : undefined
  }

  clear(): void {
    this.list = []
    this.object = undefined
  }
}

function objectOf(list: readonly (string | AttributeValue)[]): Attributes {
  const object: Attributes = {}
  for (let index = 0; index < list.length; index += 2) {
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
