import type { TraceState } from '@opentelemetry/api'

import { MemberList } from '../propagation/trace-state.ts'

// Consistent probability sampling: a span is kept when 56 random bits are not below a threshold, and the
// threshold travels as `th` in OpenTelemetry's member of `tracestate`. Strings of 14 hex digits compare like numbers.
const DIGITS = 14
const MEMBER = 'ot'
const RANDOM = /(?:^|;)rv:([\da-f]{14})(?:;|$)/
const THRESHOLD = /(?:^|;)th:([\da-f]{1,14})(?=;|$)/

/** The threshold that keeps a share of all traces, as 14 hex digits; undefined when none is kept. */
export function thresholdOf(ratio: number): string | undefined {
  if (ratio <= 0) return undefined
  const rejected = BigInt(Math.round((1 - Math.min(1, ratio)) * 2 ** 52)) << 4n
  // A share too small for 56 bits still keeps some traces.
  const most = (1n << 56n) - 1n
  return (rejected > most ? most : rejected).toString(16).padStart(DIGITS, '0')
}

/** True when the randomness of a trace is not below a threshold. */
export function passes(
  threshold: string | undefined,
  traceId: string,
  traceState: TraceState | undefined,
): boolean {
  if (threshold === undefined) return false
  const explicit = RANDOM.exec(traceState?.get(MEMBER) ?? '')?.[1]
  return (explicit ?? traceId.slice(-DIGITS)) >= threshold
}

/** The threshold already in a `tracestate`, as 14 hex digits. */
export function thresholdIn(traceState: TraceState | undefined): string | undefined {
  return THRESHOLD.exec(traceState?.get(MEMBER) ?? '')?.[1]?.padEnd(DIGITS, '0')
}

/** Removes the threshold, when an independent decision would invalidate it. */
export function withoutThreshold(traceState: TraceState): TraceState {
  if (thresholdIn(traceState) === undefined) return traceState
  const others = othersOf(traceState)
  return others.length > 0 ? traceState.set(MEMBER, others.join(';')) : traceState.unset(MEMBER)
}

function othersOf(traceState: TraceState | undefined): string[] {
  const own = traceState?.get(MEMBER) ?? ''
  return own.split(';').filter(part => part !== '' && !part.startsWith('th:'))
}

/** Writes a threshold into `tracestate`, from which the adjusted count is read; other members are kept. */
export function withThreshold(traceState: TraceState | undefined, threshold: string): TraceState {
  const short = threshold.replace(/0{1,13}$/, '')
  return (traceState ?? new MemberList()).set(MEMBER, [`th:${short}`, ...othersOf(traceState)].join(';'))
}
