/** The result of a check: passed when it has no faults. */
export interface Check {
  readonly name: string
  /** What was looked at, in numbers. */
  readonly figures: string
  readonly faults: readonly string[]
}

/** Prints checks as a table, then what is wrong. Returns whether nothing is. */
export function printChecks(checks: readonly Check[], print: (line: string) => void): boolean {
  const width = Math.max(...checks.map(({ name }) => name.length))
  for (const { name, figures, faults } of checks) {
    print(`${faults.length === 0 ? 'passed' : 'FAILED'}  ${name.padEnd(width)}  ${figures}`)
  }
  for (const { name, faults } of checks) {
    if (faults.length === 0) continue
    print(`\n${name}: ${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}`)
    for (const fault of faults.slice(0, MOST)) print(`  ${fault}`)
    if (faults.length > MOST) print(`  … and ${faults.length - MOST} more`)
  }
  return checks.every(({ faults }) => faults.length === 0)
}

/** Faults of a check that are printed. */
const MOST = 20
