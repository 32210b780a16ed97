import { SpanKind } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'

import { lineOf } from '../print/printer.ts'
import { compareStart, endedBefore } from '../record/store.ts'
import { type SpanQuery, spanMatches } from '../match/query.ts'

/** Options of the check for lost context. */
export interface LostContextOptions {
  /** Spans that may begin a trace, such as the calls that the test itself makes. Default: none. */
  readonly allow?: readonly SpanQuery[]
}

/** A span that is not where it belongs. */
export interface LostSpan {
  readonly span: ReadableSpan
  readonly text: string
}

/**
 * The spans whose context was lost: those whose local parent was not recorded, and client and producer spans that begin
 * a trace while a request is served or a message is processed.
 */
export function lostSpansOf(
  finished: readonly ReadableSpan[],
  open: readonly ReadableSpan[],
  { allow = [] }: LostContextOptions = {},
): LostSpan[] {
  const all = [...finished, ...open]
  const known = new Set(all.map(span => span.spanContext().spanId))
  const entries = all.filter(({ kind }) => kind === SpanKind.SERVER || kind === SpanKind.CONSUMER)
  return finished
    .filter(span => !allow.some(query => spanMatches(span, query)))
    .flatMap(span => {
      const parent = span.parentSpanContext
      if (parent) {
        const isOrphan = !parent.isRemote && !known.has(parent.spanId)
        return isOrphan ? [{ span, text: `the parent of ${lineOf(span)} was not recorded` }] : []
      }
      if (span.kind !== SpanKind.CLIENT && span.kind !== SpanKind.PRODUCER) return []
      const entry = entries.find(other => isOfAnotherTrace(other, span) && isUnderWay(other, span))
      return entry
        ? [{ span, text: `${lineOf(span)} begins a trace while ${lineOf(entry)} is under way` }]
        : []
    })
}

function isOfAnotherTrace(span: ReadableSpan, other: ReadableSpan): boolean {
  return span.spanContext().traceId !== other.spanContext().traceId
}

/** Whether a span was running when another one started. */
function isUnderWay(span: ReadableSpan, other: ReadableSpan): boolean {
  return compareStart(span, other) < 0 && !endedBefore(span, other)
}
