import { copiesOfApi, isContextManaged } from './api.ts'
import {
  type EntryPointCounter,
  entryPointCounters,
  type EntryPointUse,
  entryPointUses,
} from './entry-points.ts'
import { hasProvider } from '../host/span.ts'
import { missedResponses } from './responses.ts'

/** Which entry points trace in this process, and the problems found. */
export interface Diagnosis {
  /** Entry points that were called, such as `@spanwright/pg tracePool()`. */
  readonly entryPoints: Readonly<Record<string, EntryPointUse>>
  /** Number of propagator fields omitted because they aren't valid headers or are reserved for the application. */
  readonly refusedFields: number
  /** Each problem found and how to fix it, one sentence each; empty when none was found. */
  readonly problems: readonly string[]
}

/** Which stage of its life the process has reached. */
export interface Stage {
  /** Whether it is about to end, so that unused entry points are reported. */
  readonly isEnding?: boolean
  /** Whether the SDK was shut down, so that a missing SDK isn't reported. */
  readonly isShutDown?: boolean
}

/**
 * Looks for common causes of missing traces, with any SDK. Never throws. Responses that bypass `tracing()` are detected
 * only with `SPANWRIGHT_DEBUG=1`.
 */
export function diagnose({ isEnding = false, isShutDown = false }: Stage = {}): Diagnosis {
  const refused = refusedFields()
  return {
    entryPoints: entryPointUses(),
    refusedFields: refused,
    problems: [
      ...(isShutDown ? [] : sdkProblems()),
      ...copiesOfApi(),
      ...serverProblems(),
      ...(isEnding ? unusedEntryPoints() : []),
      ...(refused > 0
        ? [
            `propagators wrote ${refused} fields that cannot be sent; the others were: look at the propagators, and at what the application puts into baggage`,
          ]
        : []),
    ],
  }
}

function sdkProblems(): string[] {
  if (hasProvider()) {
    return isContextManaged()
      ? []
      : [
          'no context manager is active: spans will not find their parents; startTracing() registers one, ' +
            'and so does register() of NodeTracerProvider',
        ]
  }
  const isNeeded = [...entryPointCounters().values()].some(({ needsProvider }) => needsProvider)
  return isNeeded
    ? ['no SDK is registered, so nothing is recorded: call startTracing() of @spanwright/sdk']
    : []
}

function serverProblems(): string[] {
  const isServing = [...entryPointCounters().values()].some(({ area }) => area === 'http.server')
  return isServing ? missedResponses() : []
}

/** Per area, how to fix an entry point that is never used. */
const FIXES: Readonly<Record<string, string>> = {
  'http.server': 'it belongs before the routes, on the app or server that listens',
  'http.client': 'make the calls with what it returned; a process-wide one must come before the calls',
  database: 'make the queries on the pool or client passed to it',
  'rpc.server': 'pass what it returned to new Server(), as its options',
  'rpc.client': 'pass what it returned to the constructor of the client, as its options',
  messaging: 'create producers and consumers from the client it returned, after the call',
}

/** Not reported when another entry point of the same package was used: it may have traced the same operations. */
function unusedEntryPoints(): string[] {
  const counters = [...entryPointCounters()]
  const isUsedBeside = (name: string, { area }: EntryPointCounter): boolean =>
    counters.some(
      ([other, counter]) =>
        other.split(' ')[0] === name.split(' ')[0] && counter.area === area && counter.operations > 0,
    )
  return counters.flatMap(([name, counter]) => {
    const fix = FIXES[counter.area ?? '']
    if (counter.operations > 0 || isUsedBeside(name, counter)) return []
    return [`${name} was set up and never used${fix === undefined ? '' : `: ${fix}`}`]
  })
}

// A registered symbol, so that several copies of this package count together.
const REFUSED = Symbol.for('spanwright.refusedFields')

interface Registry {
  [REFUSED]?: number
}

/** Number of propagator fields omitted in this process because they cannot be sent as headers. */
export function refusedFields(): number {
  return (globalThis as Registry)[REFUSED] ?? 0
}

export function countRefusedField(): void {
  ;(globalThis as Registry)[REFUSED] = refusedFields() + 1
}
