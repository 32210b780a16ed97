import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'

import { duration } from '../../src/findings/words.ts'
import type { TraceSummary } from '../../src/model/summary.ts'
import { Service } from '../parts/service.tsx'
import { grouped } from '../parts/time.ts'
import { app } from '../state/app.ts'
import { changeFilter } from './filters.tsx'

interface Group {
  readonly name: string
  readonly service: string
  readonly durations: number[]
  errors: number
  findings: number
}

/** Traces grouped by their first span: how many there are, how long they took, how many have errors. */
export function Groups({ traces }: { readonly traces: readonly TraceSummary[] }): JSX.Element {
  const groups = useMemo(() => groupsOf(traces), [traces])
  return (
    <div class="groups">
      <table aria-label="Routes">
        <thead>
          <tr>
            <th scope="col">Route</th>
            <th scope="col" class="number">
              Traces
            </th>
            <th scope="col" class="number">
              p50
            </th>
            <th scope="col" class="number">
              p95
            </th>
            <th scope="col" class="number">
              Longest
            </th>
            <th scope="col" class="number">
              With errors
            </th>
            <th scope="col" class="number">
              With findings
            </th>
          </tr>
        </thead>
        <tbody>
          {groups.map(({ name, service, durations, errors, findings }) => (
            <tr key={`${service}\0${name}`}>
              <th scope="row">
                <button
                  type="button"
                  class="plain route"
                  onClick={() => {
                    changeFilter({ route: name })
                    app.set({ isGrouped: false })
                  }}
                >
                  <span class="trace-name">{name}</span>
                </button>
                <Service name={service} />
              </th>
              <td class="number">{grouped(durations.length)}</td>
              <td class="number">{duration(percentile(durations, 0.5))}</td>
              <td class="number">{duration(percentile(durations, 0.95))}</td>
              <td class="number">{duration(percentile(durations, 1))}</td>
              <td class={errors > 0 ? 'number bad' : 'number muted'}>{errors}</td>
              <td class={findings > 0 ? 'number warn-text' : 'number muted'}>{findings}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function groupsOf(traces: readonly TraceSummary[]): Group[] {
  const groups = new Map<string, Group>()
  for (const { name, service, duration: milliseconds, errors, findings } of traces) {
    const key = `${service}\0${name}`
    const group = groups.get(key) ?? { name, service, durations: [], errors: 0, findings: 0 }
    groups.set(key, group)
    group.durations.push(milliseconds)
    if (errors > 0) group.errors++
    if (findings.length > 0) group.findings++
  }
  for (const { durations } of groups.values()) durations.sort((one, other) => one - other)
  return [...groups.values()].toSorted((one, other) => other.durations.length - one.durations.length)
}

/** The nearest-rank percentile of sorted durations. */
function percentile(durations: readonly number[], share: number): number {
  return durations[Math.max(0, Math.ceil(share * durations.length) - 1)] ?? 0
}
