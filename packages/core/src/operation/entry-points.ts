/** How often each entry point was called, by its package and name. */
export type EntryPointCounts = ReadonlyMap<string, number>

// A registered symbol, so that several copies of this package count together. Numbers only: nothing that is traced is held.
const COUNTS = Symbol.for('spanwright.entryPoints')

interface Registry {
  [COUNTS]?: Map<string, number>
}

/** Notes that an entry point was called, for {@link entryPointCounts}. */
export function countEntryPoint({
  scope,
  caller,
}: {
  readonly scope: { readonly name: string }
  readonly caller: string
}): void {
  const counts = ((globalThis as Registry)[COUNTS] ??= new Map())
  const name = `${scope.name} ${caller}`
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

/** The entry points that were called in this process, such as `@spanwright/pg tracePool()`, and how often. */
export function entryPointCounts(): EntryPointCounts {
  return new Map((globalThis as Registry)[COUNTS])
}
