import type { SoakSpan } from '../shop/collector.ts'
import type { Life, ServiceName } from '../shop/service.ts'
import { accountOf, completeOf, countBy } from './accounts.ts'
import type { Check } from './check.ts'

/** Milliseconds before and after the death of a process in which a span that came may have a parent that died. */
const DEATH = 20_000

/** Milliseconds that no span of a request takes, even a slow one; a clock that jumped would make it longer. */
const LONGEST = 59_000

/** Services whose spans are parents of the first span of a service. */
const CALLERS: Readonly<Record<string, readonly ServiceName[]>> = {
  gateway: [],
  inventory: ['gateway', 'fulfilment'],
  pricing: ['gateway'],
  fulfilment: ['gateway'],
}

/**
 * Whether every parent has been received, unless it was in a process that was killed at that time, or its service has
 * counted a span as dropped for it.
 */
export function checkOrphans(lives: readonly Life[], spans: readonly SoakSpan[]): Check {
  const known = new Set(spans.map(({ spanId }) => spanId))
  const dropped = new Map<string, number>()
  for (const { service, end } of completeOf(lives))
    dropped.set(service, (dropped.get(service) ?? 0) + accountOf(end).dropped)
  const missing = new Map<string, SoakSpan>()
  for (const span of spans)
    if (span.parentSpanId !== undefined && !known.has(span.parentSpanId)) missing.set(span.parentSpanId, span)

  const faults: string[] = []
  let ofKilled = 0
  for (const child of missing.values()) {
    const services = parentsOf(child)
    if (lives.some(life => services.includes(life.service) && diedAround(life, child.arrivedAt))) {
      ofKilled += 1
      continue
    }
    const service = services.find(name => (dropped.get(name) ?? 0) > 0)
    if (service === undefined)
      faults.push(`the parent of ${child.service} ${child.kind} ${child.name} in trace ${child.traceId}`)
    else dropped.set(service, (dropped.get(service) ?? 0) - 1)
  }
  const ofDropped = missing.size - ofKilled - faults.length
  return {
    name: 'no parent missing',
    figures: `${spans.length} spans; missing: ${ofKilled} of killed processes, ${ofDropped} counted as dropped, ${faults.length} others`,
    faults,
  }
}

function parentsOf({ kind, service }: SoakSpan): readonly string[] {
  const isRemote = kind === 'SERVER' || kind === 'CONSUMER'
  return isRemote ? (CALLERS[service] ?? []) : [service]
}

function diedAround({ killedAt }: Life, time: number): boolean {
  return killedAt !== undefined && Math.abs(killedAt - time) < DEATH
}

/** Whether no span has a duration that only a clock that jumped can give. */
export function checkDurations(spans: readonly SoakSpan[]): Check {
  const durations = spans.map(({ duration }) => duration)
  const longest = durations.reduce((most, duration) => Math.max(most, duration), 0)
  return {
    name: 'durations true though clocks jump',
    figures: `longest ${(longest / 1000).toFixed(1)} s`,
    faults: spans
      .filter(({ duration }) => !(duration >= 0 && duration < LONGEST))
      .map(({ instance, kind, name, duration }) => `${instance} ${kind} ${name}: ${duration} ms`),
  }
}

/** Whether every trace begins with a request to the gateway: a span that begins one elsewhere has lost its context. */
export function checkRoots(spans: readonly SoakSpan[]): Check {
  const roots = spans.filter(({ parentSpanId }) => parentSpanId === undefined)
  const traces = new Set(roots.map(({ traceId }) => traceId))
  const faults = roots
    .filter(({ service, kind }) => service !== 'gateway' || kind !== 'SERVER')
    .map(({ service, kind, name, traceId }) => `${service} ${kind} ${name} in trace ${traceId}`)
  if (traces.size < roots.length) faults.push(`${roots.length - traces.size} traces have another root`)
  const failed = [
    ...countBy(
      roots.filter(root => root.failed),
      ({ name }) => name,
    ),
  ]
  const figures = [`${traces.size} traces`, ...failed.map(([name, count]) => `${count} × ${name} failed`)]
  return { name: 'every trace begins at the gateway', figures: figures.join(', '), faults }
}
