import type { TextMapGetter } from '@opentelemetry/api'

/** The only value of a field; undefined when it is missing or came several times. */
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

/** All values of a list field, joined as HTTP joins them. */
export function joinedOf(carrier: unknown, getter: TextMapGetter, field: string): string | undefined {
  const value = getter.get(carrier, field)
  return typeof value === 'string' ? value : value?.join(',')
}

/** Longer than any trace context of one value, with what later versions may add to it. */
const MOST_CHARACTERS = 512

/** A value without the blanks around it; empty when it is missing, or too long to be looked at. */
export function textOf(value: string | undefined): string {
  return value === undefined || value.length > MOST_CHARACTERS ? '' : withoutBlanks(value)
}

/** A text without the blanks and tabs around it, which HTTP allows in lists and around values. */
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
