import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'

/** Names of the events of a span, an exception with its type after a space. */
export function eventsOf({ events }: ReadableSpan): string[] {
  return events.map(({ name, attributes }) =>
    name === 'exception' ? `${name} ${String(attributes?.['exception.type'])}` : name,
  )
}
