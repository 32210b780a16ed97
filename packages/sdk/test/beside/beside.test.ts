import { describe, expect, it } from '@jest/globals'

import { PATIENCE } from '../host.ts'
import { type Outcome, outcomeOf } from './outcome.ts'

interface SentrySpan {
  readonly span_id: string
  readonly parent_span_id?: string
  readonly description?: string
  readonly op?: string
  readonly status?: string
  readonly data?: Readonly<Record<string, unknown>>
  readonly links?: readonly unknown[]
}

interface SentryEvent {
  readonly type?: string
  readonly transaction?: string
  readonly contexts?: { readonly trace?: SentrySpan }
  readonly spans?: readonly SentrySpan[]
  readonly exception?: { readonly values: readonly { readonly type: string; readonly value: string }[] }
}

/** Transactions and errors, with names in place of ids. */
function sentryEvents({ items }: Outcome): unknown[] {
  const events = items as readonly SentryEvent[]
  const names = new Map<string | undefined, string>()
  for (const { transaction, contexts, spans = [], type } of events) {
    if (type === 'transaction') names.set(contexts?.trace?.span_id, `transaction ${transaction}`)
    for (const span of spans) names.set(span.span_id, `span ${span.description}`)
  }
  const spanOf = ({ span_id, parent_span_id, links, data = {}, ...rest }: SentrySpan): object => ({
    at: names.get(span_id),
    beneath: names.get(parent_span_id),
    op: rest.op,
    status: rest.status,
    data: Object.fromEntries(Object.entries(data).filter(([key]) => key !== 'sentry.sample_rand')),
    links: links?.length ?? 0,
  })
  return events
    .filter(({ type, exception }) => type === 'transaction' || exception)
    .map(({ transaction, contexts, spans = [], exception }) => ({
      transaction,
      trace: contexts?.trace && spanOf(contexts.trace),
      spans: spans.map(spanOf),
      exception: exception?.values.map(({ type, value }) => `${type}: ${value}`),
    }))
    .toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1))
}

describe('third-party spans are recorded as with the SDK of OpenTelemetry, from', () => {
  it.each([
    ['its own instrumentations', 'instrumentations', 9, 0],
    ['span processors', 'processors', 2, 0],
    ["Prisma's instrumentation", 'prisma', 7, 0],
    ['Sentry 10 on the SDK', 'sentry-10', 3, 4],
    ['Sentry 11 beside it', 'sentry-11', 2, 1],
  ])(
    '%s',
    async (_what, scenario, spans, events) => {
      const [ours, theirs] = await Promise.all([
        outcomeOf('spanwright', scenario),
        outcomeOf('opentelemetry', scenario),
      ])
      expect(ours.spans).toEqual(theirs.spans)
      expect(sentryEvents(ours)).toEqual(sentryEvents(theirs))
      expect([ours.spans.length, sentryEvents(ours).length]).toEqual([spans, events])
    },
    PATIENCE,
  )
})
