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
