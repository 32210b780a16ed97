import type { ReadableSpan } from '@opentelemetry/sdk-trace'

import { wildcard } from '../match/wildcard.ts'
import { kindNameOf } from '../match/query.ts'

/**
 * The most that a trace may hold. Every other key is a span name in which `*` stands for any text, such as `SELECT *`;
 * it may begin with a kind, such as `CLIENT *`.
 */
export interface TraceBudget {
  /** Number of spans. */
  readonly spans?: number
  /** Time from the first start to the last end, in milliseconds. */
  readonly durationMs?: number
  readonly [name: string]: number | undefined
}

/** One exceeded item of a budget. */
export interface Excess {
  readonly text: string
  /** The spans that count towards it; empty when all of them do. */
  readonly spans: readonly ReadableSpan[]
}

/**
 * The items of a budget that the spans exceed.
 * @throws TypeError when the budget is empty or a limit is not a number of at least 0
 */
export function excessesOf(spans: readonly ReadableSpan[], budget: TraceBudget): Excess[] {
  return limitsOf(budget).flatMap(([key, limit]) => {
    if (key === 'durationMs') {
      const duration = durationOf(spans)
      return duration > limit ? [{ text: `${duration.toFixed(1)} ms, at most ${limit} ms`, spans: [] }] : []
    }
    const counted = key === 'spans' ? spans : spans.filter(matcherOf(key))
    if (counted.length <= limit) return []
    const name = key === 'spans' ? 'spans' : `spans named ${key}`
    return [{ text: `${counted.length} ${name}, at most ${limit}`, spans: key === 'spans' ? [] : counted }]
  })
}

function limitsOf(budget: TraceBudget): [string, number][] {
  const limits = Object.entries(budget ?? {}).filter(([, limit]) => limit !== undefined)
  if (limits.length === 0) {
    throw new TypeError("expected a budget such as { spans: 12, 'SELECT *': 3, durationMs: 200 }; got none")
  }
  for (const [key, limit] of limits) {
    if (typeof limit !== 'number' || !(limit >= 0)) {
      throw new TypeError(`expected a number of at least 0 for ${key} of the budget; got ${String(limit)}`)
    }
  }
  return limits as [string, number][]
}

function durationOf(spans: readonly ReadableSpan[]): number {
  if (spans.length === 0) return 0
  const starts = spans.map(span => milliseconds(span.startTime))
  const ends = spans.map(span => milliseconds(span.endTime))
  return Math.max(...ends) - Math.min(...starts)
}

function milliseconds([seconds, nanoseconds]: ReadableSpan['startTime']): number {
  return seconds * 1000 + nanoseconds / 1e6
}

function matcherOf(pattern: string): (span: ReadableSpan) => boolean {
  const matches = wildcard(pattern)
  return span => matches(span.name) || matches(`${kindNameOf(span)} ${span.name}`)
}
