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
