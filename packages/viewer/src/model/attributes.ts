import type { OtlpAttribute, OtlpValue } from '../decode/otlp.ts'

/** A value of an attribute, as plain data. */
export type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value }

export type Attributes = Readonly<Record<string, Value>>

/** The attributes of a list, by key. */
export function attributesOf(list: readonly OtlpAttribute[] = []): Attributes {
  // Keys come from outside: `__proto__` must be a key like any other.
  const attributes = Object.create(null) as Record<string, Value>
  for (const { key = '', value = {} } of list) attributes[key] = valueOf(value)
  return attributes
}

function valueOf(value: OtlpValue): Value {
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(valueOf)
  if (value.kvlistValue !== undefined) return attributesOf(value.kvlistValue.values)
  return (
    value.stringValue ?? value.intValue ?? value.doubleValue ?? value.boolValue ?? value.bytesValue ?? null
  )
}

/** A value as readable text. */
export function textOf(value: Value): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
