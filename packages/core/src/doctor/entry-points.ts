/** How an entry point is used, such as `@spanwright/pg tracePool()`. */
export interface EntryPointUse {
  /** How often it was called. */
  readonly calls: number
  /** Number of operations it was asked to trace, whether or not they got a span. */
  readonly operations: number
}

/** The counters of an entry point; its settings hold this same object. */
export interface EntryPointCounter extends EntryPointUse {
  calls: number
  operations: number
  /** What it traces, such as `database`. */
  readonly area: string | undefined
  /** Whether it uses the global tracer provider. */
  needsProvider: boolean
}

// A registered symbol, so that several copies of this package count together. It holds only numbers, nothing that is
// traced.
const COUNTERS = Symbol.for('spanwright.entryPoints')

interface Registry {
  [COUNTERS]?: Map<string, EntryPointCounter>
}

/** Counts a call of an entry point. */
export function countEntryPoint(
  {
    scope,
    caller,
    area,
  }: {
    readonly scope: { readonly name: string }
    readonly caller: string
    readonly area?: string
  },
  needsProvider: boolean,
): EntryPointCounter {
  const counters = ((globalThis as Registry)[COUNTERS] ??= new Map())
  const name = `${scope.name} ${caller}`
  let counter = counters.get(name)
  if (!counter) {
    counter = { calls: 0, operations: 0, area, needsProvider }
    counters.set(name, counter)
  }
  counter.calls += 1
  counter.needsProvider ||= needsProvider
  return counter
}

/** Every entry point that was called in this process, by its package and name. */
export function entryPointCounters(): ReadonlyMap<string, EntryPointCounter> {
  return (globalThis as Registry)[COUNTERS] ?? new Map<string, EntryPointCounter>()
}

/** Use of every entry point that was called, by its package and name. */
export function entryPointUses(): Record<string, EntryPointUse> {
  return Object.fromEntries(
    [...entryPointCounters()].map(([name, { calls, operations }]) => [name, { calls, operations }]),
  )
}
