import type { Attributes, Span } from '@opentelemetry/api'
import { trace } from '@opentelemetry/api'

import { isRecording, writeTo } from '../host/span.ts'
import { exceptionOf } from '../operation/errors/exception.ts'

/**
 * Adds an event to a span, such as a cache miss or a retry. Does nothing without a span. Never throws.
 * @param name of low cardinality; put variable data into attributes
 * @param attributes attributes of the event. Default: none
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
 * Records an exception that does not fail the span, such as one item of a batch or a first attempt: adds an event
 * `exception` and leaves the status unset. Does nothing without a span. Never throws, whatever was thrown.
 * @param thrown the caught value
 * @param span default: the active one
 */
export function recordException(thrown: unknown, span: Span | undefined = trace.getActiveSpan()): void {
  if (isRecording(span)) writeTo(span, 'recordException', exceptionOf(thrown))
}
