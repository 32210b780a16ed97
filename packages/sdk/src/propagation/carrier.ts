import type { TextMapGetter } from '@opentelemetry/api'

/** The only value of a field; undefined when it is missing or occurs several times. */
export function singleOf(carrier: unknown, getter: TextMapGetter, field: string): string | undefined {
  const value = getter.get(carrier, field)
  if (typeof value === 'string') return value
  return value?.length === 1 ? value[0] : undefined
}

/** The first value of a field. */
export function firstOf(carrier: unknown, getter: TextMapGetter, field: string): string | undefined {
  const value = getter.get(carrier, field)
  return typeof value === 'string' ? value : value?.[0]
}

/** All values of a list field, joined as in HTTP. */
export function joinedOf(carrier: unknown, getter: TextMapGetter, field: string): string | undefined {
  const value = getter.get(carrier, field)
  return typeof value === 'string' ? value : value?.join(',')
}

/** Longer than any single-value trace context, including possible additions of later versions. */
const MOST_CHARACTERS = 512

/** A value without surrounding white space; empty when it is missing or too long. */
export function textOf(value: string | undefined): string {
  return value === undefined || value.length > MOST_CHARACTERS ? '' : withoutBlanks(value)
}

/** A text without surrounding spaces and tabs, which HTTP allows in lists and around values. */
export function withoutBlanks(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}
