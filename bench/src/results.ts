import type { Library, SdkState, Variant } from './measured/protocol.ts'
import type { Spread } from './statistics.ts'

/** Everything one run measured. */
export interface Results {
  /** Day of the run, as in ISO 8601. */
  readonly date: string
  readonly machine: Machine
  /** Load of the machine before the run, as the mean over a minute: processes that ran or wanted to. */
  readonly loadBefore: number
  /** Versions of Node and of what was measured, by name. */
  readonly versions: Readonly<Record<string, string>>
  /** Fresh processes per configuration. */
  readonly generations: number
  /** Rounds in each of them. */
  readonly rounds: number
  readonly secondsPerRound: number
  readonly libraries: readonly LibraryResult[]
}

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGigabytes: number
  readonly system: string
}

/** What was measured of one library. */
export interface LibraryResult {
  readonly library: Library
  /** Why it was left out, when it was. */
  readonly skipped?: string
  readonly rows: readonly Row[]
}

/** What was measured of one library in one configuration. */
export interface Row {
  readonly variant: Variant
  readonly state: SdkState
  /** Which rows took turns with each other: only these are compared. */
  readonly group: number
  /** Why there is no value, when there is none. */
  readonly failed?: string
  /** Microseconds of CPU time per operation. */
  readonly cpu?: Spread
  /** Bytes allocated on the JavaScript heap per operation. */
  readonly bytes?: Spread
  /** Milliseconds until a fresh process could serve. */
  readonly startUp?: Spread
  /** Longest delay of the event loop under full load, in milliseconds. */
  readonly longestDelay?: number
  /** Resident memory under full load. */
  readonly residentBytes?: number
  /** Spans recorded per call. */
  readonly spans?: number
  /** The part of the recorded spans that did not reach the sink, at full load with the default queue. */
  readonly lost?: number
}

/** The row of a configuration; of bare, that of the first group. */
export function rowOf(result: LibraryResult, variant: Variant, state: SdkState): Row | undefined {
  return result.rows.find(row => row.variant === variant && (variant === 'bare' || row.state === state))
}

/** The bare program that took turns with a row. */
export function bareOf(result: LibraryResult, { group }: Row): Row | undefined {
  return result.rows.find(row => row.variant === 'bare' && row.group === group)
}

/** True when a configuration has no value that should have one. A product may refuse to run; a service may be missing. */
export function hasFailed({ libraries }: Pick<Results, 'libraries'>): boolean {
  return libraries.some(({ rows }) =>
    rows.some(
      ({ failed, variant }) => failed !== undefined && variant !== 'dd-trace' && variant !== 'sentry',
    ),
  )
}

/** CPU time over bare, by the medians, in microseconds per operation; undefined when one of the two is missing. */
export function overheadOf(result: LibraryResult, variant: Variant, state: SdkState): number | undefined {
  const row = rowOf(result, variant, state)
  const bare = row && bareOf(result, row)?.cpu
  return bare && row.cpu && row.cpu.median - bare.median
}
