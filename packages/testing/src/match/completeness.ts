import type { ReadableSpan } from '@opentelemetry/sdk-trace'

import { lineOf } from '../print/printer.ts'

/**
 * The reasons why the recorded spans are not complete traces, one line each: open spans, unknown parents, several
 * roots.
 */
export function gapsOf(finished: readonly ReadableSpan[], open: readonly ReadableSpan[]): string[] {
  const known = new Set([...finished, ...open].map(span => span.spanContext().spanId))
  const orphans = finished.filter(
    ({ parentSpanContext }) => parentSpanContext && !known.has(parentSpanContext.spanId),
  )
  return [
    ...(finished.length === 0 ? ['no span was recorded'] : []),
    ...open.map(span => `${lineOf(span)} was started and has not ended`),
    ...orphans.map(span => `the parent of ${lineOf(span)} was not recorded`),
    ...rootGaps(finished),
  ]
}

function rootGaps(spans: readonly ReadableSpan[]): string[] {
  const traceIds = new Set(spans.map(span => span.spanContext().traceId))
  return [...traceIds].flatMap(traceId => {
    const roots = spans.filter(span => span.spanContext().traceId === traceId && !span.parentSpanContext)
    return roots.length > 1 ? [`one trace has ${roots.length} roots: ${roots.map(lineOf).join(', ')}`] : []
  })
}
