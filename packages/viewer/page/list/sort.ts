import type { TraceSummary } from '../../src/model/summary.ts'
import type { AppState, SortKey } from '../state/app.ts'

const VALUES: Readonly<Record<SortKey, (trace: TraceSummary) => number | string>> = {
  start: trace => trace.start,
  name: trace => trace.name,
  duration: trace => trace.duration,
  spans: trace => trace.spans,
  errors: trace => trace.errors,
  findings: trace => trace.findings.length,
}

/** Traces in the chosen order; equal ones with the newest first. */
export function sorted(
  traces: readonly TraceSummary[],
  { key, isDescending }: AppState['sort'],
): readonly TraceSummary[] {
  const value = VALUES[key]
  const sign = isDescending ? -1 : 1
  return traces.toSorted((one, other) => {
    const [first, second] = [value(one), value(other)]
    if (first === second) return other.start - one.start
    return first < second ? -sign : sign
  })
}
