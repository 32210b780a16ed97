import type { SpanCounts } from '@spanwright/sdk'

import type { SoakSpan } from '../shop/collector.ts'
import type { Life } from '../shop/service.ts'
import type { Check } from './check.ts'

export type Complete = Life & { readonly end: SpanCounts }

/** Whether every process that ended in order has ended all its spans. */
export function checkOpenSpans(lives: readonly Life[]): Check {
  const complete = completeOf(lives)
  return {
    name: 'spans started = ended',
    figures: complete.map(({ instance, end }) => `${instance}: ${end.started} = ${end.ended}`).join(', '),
    faults: [
      ...lives
        .filter(life => !life.end && life.killedAt === undefined)
        .map(({ instance }) => `${instance} said nothing at its end`),
      ...complete
        .filter(({ end }) => end.started !== end.ended + end.unsampled)
        .map(
          ({ instance, end }) =>
            `${instance}: ${end.started} spans started, ${end.ended} ended, ${end.unsampled} unsampled`,
        ),
    ],
  }
}

/** Whether every span has one outcome, and the collector received what was counted as exported, once. */
export function checkAccounts(lives: readonly Life[], spans: readonly SoakSpan[]): Check {
  const faults: string[] = []
  const received = countBy(spans, ({ instance }) => instance)
  const twice = spans.length - new Set(spans.map(({ traceId, spanId }) => traceId + spanId)).size
  if (twice > 0) faults.push(`${twice} spans were received twice`)
  const sum = { started: 0, exported: 0, dropped: 0 }
  for (const { instance, end } of completeOf(lives)) {
    const { started, exported, dropped, waiting, other } = accountOf(end)
    sum.started += started
    sum.exported += exported
    sum.dropped += dropped
    if (started !== exported + dropped + other || waiting > 0)
      faults.push(
        `${instance}: ${started} started, ${exported} exported, ${dropped} dropped, ${waiting} waiting`,
      )
    const arrived = received.get(instance) ?? 0
    if (arrived !== exported)
      faults.push(`${instance}: counted ${exported} as exported, and the collector received ${arrived}`)
  }
  const { started, exported, dropped } = sum
  return {
    name: 'every span exported or counted as dropped',
    figures: `${started} started = ${exported} exported and received + ${dropped} dropped`,
    faults,
  }
}

/** Outcomes of the spans of a process. */
export interface Account {
  readonly started: number
  readonly exported: number
  readonly dropped: number
  readonly waiting: number
  /** Not sampled. */
  readonly other: number
}

export function accountOf({ started, unsampled, sampledOut, exporters }: SpanCounts): Account {
  const [exporter] = exporters
  const dropped = Object.values(exporter?.dropped ?? {}).reduce((sum, count) => sum + count, 0)
  const { exported = 0, waiting = 0 } = exporter ?? {}
  return { started, exported, dropped, waiting, other: unsampled + sampledOut }
}

/** Whether full load has exported or counted every span, from the counts before and after it. */
export function checkFullLoad(
  before: ReadonlyMap<string, SpanCounts>,
  after: ReadonlyMap<string, SpanCounts>,
  requests: number,
  seconds: number,
): Check {
  const faults: string[] = []
  const sum = { started: 0, exported: 0, dropped: 0 }
  for (const [service, counts] of after) {
    const earlier = before.get(service)
    if (!earlier) {
      faults.push(`${service} was not counted before`)
      continue
    }
    const [was, is] = [accountOf(earlier), accountOf(counts)]
    const started = is.started - was.started
    const exported = is.exported - was.exported
    const dropped = is.dropped - was.dropped
    sum.started += started
    sum.exported += exported
    sum.dropped += dropped
    if (started !== exported + dropped + is.other - was.other)
      faults.push(`${service}: ${started} started, ${exported} exported, ${dropped} dropped`)
  }
  if (sum.started === 0) faults.push('no span was started')
  const perSecond = (count: number): string => (count / seconds).toFixed(0)
  return {
    name: 'full load: every span exported or counted',
    figures: `${perSecond(requests)} orders/s, ${perSecond(sum.started)} spans/s; ${sum.started} = ${sum.exported} exported + ${sum.dropped} dropped`,
    faults,
  }
}

export function completeOf(lives: readonly Life[]): Complete[] {
  return lives.filter((life): life is Complete => life.end !== undefined && life.killedAt === undefined)
}

/** How many items have which key. */
export function countBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1)
  return counts
}
