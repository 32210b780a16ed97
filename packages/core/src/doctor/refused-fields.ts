// A registered symbol, so that several copies of this package count together.
const REFUSED = Symbol.for('spanwright.refusedFields')

interface Registry {
  [REFUSED]?: number
}

/** How many fields of propagators were left out in this process because no header can hold them. */
export function refusedFields(): number {
  return (globalThis as Registry)[REFUSED] ?? 0
}

export function countRefusedField(): void {
  ;(globalThis as Registry)[REFUSED] = refusedFields() + 1
}
