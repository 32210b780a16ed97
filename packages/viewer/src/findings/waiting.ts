import type { Finding, Rule } from './finding.ts'
import { idsOf } from './spans.ts'
import { duration, percent } from './words.ts'
import { gapsBetween } from '../model/critical-path.ts'
import type { Span, Trace } from '../model/trace.ts'

/** The share of the duration of the trace that waiting may take. */
const MAX_SHARE = 0.2
/** Milliseconds below which no wait is reported. */
const MIN_WAIT = 5

interface Wait {
  readonly span: Span
  readonly milliseconds: number
}

/** Waits for a connection of a pool, and messages that waited in a queue, above their share. */
export const waiting: Rule = trace => [
  ...finding(trace, waitsOf(trace, 'spanwright.db.wait_time'), total => ({
    title: `${duration(total)} waiting for a connection`,
    advice:
      'Every connection of the pool was in use. Release them sooner (no other work while one is held), or raise the size of the pool.',
  })),
  ...finding(trace, queueWaitsOf(trace), total => ({
    title: `Messages lay in a queue for ${duration(total)}`,
    advice:
      'The consumer does not keep up, or was not there yet. Look at its lag: more partitions and consumers, or less work per message.',
  })),
]

function finding(
  trace: Trace,
  waits: readonly Wait[],
  words: (total: number) => { readonly title: string; readonly advice: string },
): Finding[] {
  const total = waits.reduce((sum, wait) => sum + wait.milliseconds, 0)
  if (total < MIN_WAIT || total < MAX_SHARE * trace.duration) return []
  const longest = waits.reduce((one, other) => (other.milliseconds > one.milliseconds ? other : one))
  return [
    {
      kind: 'waiting',
      ...words(total),
      evidence: `That is ${percent(total, trace.duration)} of the trace; ${longest.span.name} of ${longest.span.service} waited longest, ${duration(longest.milliseconds)}.`,
      spanIds: idsOf(waits.map(wait => wait.span)),
    },
  ]
}

/** Waits that a span reports itself, in seconds. */
function waitsOf(trace: Trace, attribute: string): Wait[] {
  return trace.spans.flatMap(span => {
    const seconds = span.attributes[attribute]
    return typeof seconds === 'number' && seconds > 0 ? [{ span, milliseconds: 1000 * seconds }] : []
  })
}

/** Waits that consumers report; for a consumer beneath its producer also the time between the two. */
function queueWaitsOf(trace: Trace): Wait[] {
  const reported = waitsOf(trace, 'spanwright.messaging.queue_time')
  const known = new Set(reported.map(wait => wait.span))
  const seen = trace.spans.flatMap((span): Wait[] => {
    const { parent } = span
    if (span.kind !== 'CONSUMER' || parent?.kind !== 'PRODUCER' || known.has(span)) return []
    const wait = gapsBetween([], parent.end, span.start)[0]
    return wait ? [{ span, milliseconds: wait.end - wait.start }] : []
  })
  return [...reported, ...seen]
}
