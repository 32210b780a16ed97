import type { Attributes, Span } from '@opentelemetry/api'
import { trace } from '@opentelemetry/api'

import { isRecording, writeTo } from '../host/span.ts'
import { exceptionOf } from '../operation/errors/exception.ts'

/**
 * Notes a moment on a span, such as a cache miss or a retry. Without a span nothing happens. Never throws.
 * @param name of low cardinality; what differs from time to time belongs into attributes
 * @param attributes what there is to know of that moment. Default: none
 * @param span default: the active one
 */
export function addEvent(
  name: string,
  attributes: Attributes = {},
  span: Span | undefined = trace.getActiveSpan(),
): void {
  if (isRecording(span)) writeTo(span, 'addEvent', name, attributes)
}

/**
 * Notes an exception on a span that it does not fail, such as that of one item of a batch or of a first try: an event
 * `exception`, and no status. Without a span nothing happens. Never throws, whatever was thrown.
 * @param thrown what was caught
 * @param span default: the active one
 */
export function recordException(thrown: unknown, span: Span | undefined = trace.getActiveSpan()): void {
  if (isRecording(span)) writeTo(span, 'recordException', exceptionOf(thrown))
}
