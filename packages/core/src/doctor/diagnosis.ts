import { copiesOfApi, hasProvider, isContextManaged } from './api.ts'
import {
  type EntryPointCounter,
  entryPointCounters,
  type EntryPointUse,
  entryPointUses,
} from './entry-points.ts'
import { refusedFields } from './refused-fields.ts'
import { missedResponses } from './responses.ts'

/** What traces in this process, and what looks wrong about it. */
export interface Diagnosis {
  /** Entry points that were called, such as `@spanwright/pg tracePool()`. */
  readonly entryPoints: Readonly<Record<string, EntryPointUse>>
  /** Fields of propagators that were left out, because no header can hold them or they are the application's. */
  readonly refusedFields: number
  /** What to look into and how to mend it, a sentence each; empty when nothing was found. */
  readonly problems: readonly string[]
}

/** In which part of its life the process is. */
export interface Stage {
  /** Whether it is about to end, so that what was not used will not be. */
  readonly isEnding?: boolean
  /** Whether the SDK was shut down, so that none is to be expected. */
  readonly isShutDown?: boolean
}

/**
 * Looks for what commonly makes traces go missing, with any SDK. Never throws. How many responses passed `tracing()` is known
 * with `SPANWRIGHT_DEBUG=1` only.
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

/** By area, how it comes that nothing passes an entry point. */
const MENDS: Readonly<Record<string, string>> = {
  'http.server': 'it belongs before the routes, on the app or server that listens',
  'http.client': 'make the calls with what it returned, or after it where it is for the whole process',
  database: 'make the queries on the pool or client that it was given',
  messaging: 'make producers and consumers with what it returned, after the call',
}

/** Another entry point of the same package may have traced what came by this one, so then nothing is said. */
function unusedEntryPoints(): string[] {
  const counters = [...entryPointCounters()]
  const isUsedBeside = (name: string, { area }: EntryPointCounter): boolean =>
    counters.some(
      ([other, counter]) =>
        other.split(' ')[0] === name.split(' ')[0] && counter.area === area && counter.operations > 0,
    )
  return counters.flatMap(([name, counter]) => {
    const mend = MENDS[counter.area ?? '']
    if (counter.operations > 0 || isUsedBeside(name, counter)) return []
    return [`${name} was set up and never used${mend === undefined ? '' : `: ${mend}`}`]
  })
}
