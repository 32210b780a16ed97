import type { Attributes } from '@opentelemetry/api'

import {
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_REQUEST_METHOD_ORIGINAL,
  KNOWN_METHODS,
  METHOD_OTHER,
} from '../semconv/http.ts'

/**
 * The methods recorded by their own name. `OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS`, a comma-separated list, replaces
 * the default.
 */
export function knownMethods(): ReadonlySet<string> {
  const replacement = process.env['OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS']
  if (replacement === undefined || replacement.trim() === '') return new Set(KNOWN_METHODS)
  return new Set(replacement.split(',').map(method => method.trim()))
}

/**
 * Writes the method as the conventions require: an unknown one is `_OTHER`, with the original in its own attribute.
 * @returns the first word of the span name: the method, or `HTTP`
 */
export function writeMethod(attributes: Attributes, sent: string, known: ReadonlySet<string>): string {
  if (known.has(sent)) {
    attributes[ATTR_HTTP_REQUEST_METHOD] = sent
    return sent
  }
  attributes[ATTR_HTTP_REQUEST_METHOD] = METHOD_OTHER
  attributes[ATTR_HTTP_REQUEST_METHOD_ORIGINAL] = sent
  return 'HTTP'
}
