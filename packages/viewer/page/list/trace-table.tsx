import type { JSX } from 'preact'
import { useMemo, useRef, useState } from 'preact/hooks'

import { duration } from '../../src/findings/words.ts'
import type { TraceSummary } from '../../src/model/summary.ts'
import { serviceStyle } from '../parts/colors.ts'
import { Icon } from '../parts/icons.tsx'
import { useKeys } from '../parts/keys.ts'
import { Service } from '../parts/service.tsx'
import { dayAndTime, grouped, timeOfDay } from '../parts/time.ts'
import { scrollToRow, useVisibleRows } from '../parts/virtual.ts'
import { app, type SortKey, useApp } from '../state/app.ts'
import { linkToTrace } from '../state/route.ts'

const ROW_HEIGHT = 48

const COLUMNS: readonly (readonly [key: SortKey, title: string])[] = [
  ['start', 'Time'],
  ['name', 'Trace'],
  ['duration', 'Duration'],
  ['spans', 'Spans'],
  ['errors', 'Errors'],
  ['findings', 'Findings'],
]

/** Traces, a row each. Only visible rows are in the page. */
export function TraceTable({ traces }: { readonly traces: readonly TraceSummary[] }): JSX.Element {
  const scroller = useRef<HTMLDivElement>(null)
  const grid = useRef<HTMLDivElement>(null)
  const [currentId, setCurrentId] = useState('')
  const { first, end } = useVisibleRows(scroller, traces.length, ROW_HEIGHT)
  const longest = useMemo(
    () => traces.reduce((max, trace) => Math.max(max, trace.duration), 0) || 1,
    [traces],
  )
  const current = traces.findIndex(trace => trace.traceId === currentId)
  const move = (to: number): void => {
    const row = Math.max(0, Math.min(traces.length - 1, to))
    setCurrentId(traces[row]?.traceId ?? '')
    scrollToRow(scroller.current, row, ROW_HEIGHT)
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: current + 1,
      j: current + 1,
      ArrowUp: current - 1,
      k: current - 1,
      PageDown: current + 10,
      PageUp: current - 10,
      Home: 0,
      End: traces.length - 1,
    }
    const to = moves[event.key]
    if (to !== undefined) {
      event.preventDefault()
      move(to)
    } else if (event.key === 'Enter' && current >= 0) location.hash = linkToTrace(currentId)
  }
  useKeys(['ArrowDown', 'ArrowUp', 'j', 'k'], event => {
    grid.current?.focus()
    onKeyDown(event)
  })
  return (
    <div
      ref={grid}
      class="traces"
      role="grid"
      aria-label="Traces"
      aria-rowcount={traces.length + 1}
      tabIndex={0}
      onKeyDown={onKeyDown}
      {...(current >= first && current < end && { 'aria-activedescendant': `trace-${currentId}` })}
    >
      <TableHead />
      <div ref={scroller} class="rows" role="rowgroup">
        <div class="rows-inner" role="presentation" style={{ height: `${traces.length * ROW_HEIGHT}px` }}>
          {traces.slice(first, end).map((trace, offset) => (
            <TraceRow
              key={trace.traceId}
              trace={trace}
              index={first + offset}
              longest={longest}
              isCurrent={trace.traceId === currentId}
            />
          ))}
        </div>
      </div>
    </div>
  )
}

function TableHead(): JSX.Element {
  const sort = useApp(state => state.sort)
  return (
    <div class="row head" role="rowgroup">
      <div class="row-cells" role="row" aria-rowindex={1}>
        {COLUMNS.map(([key, title]) => {
          const isSorted = sort.key === key
          const direction = sort.isDescending ? 'descending' : 'ascending'
          return (
            <div class={`cell-${key}`} role="columnheader" aria-sort={isSorted ? direction : 'none'}>
              <button
                type="button"
                class={isSorted ? `plain sort ${direction}` : 'plain sort'}
                onClick={() =>
                  app.set({ sort: { key, isDescending: isSorted ? !sort.isDescending : key !== 'name' } })
                }
              >
                {title}
              </button>
            </div>
          )
        })}
      </div>
    </div>
  )
}

interface TraceRowProps {
  readonly trace: TraceSummary
  readonly index: number
  readonly longest: number
  readonly isCurrent: boolean
}

function TraceRow({ trace, index, longest, isCurrent }: TraceRowProps): JSX.Element {
  const { traceId, name, service, services, start, spans, errors, findings } = trace
  return (
    <div
      id={`trace-${traceId}`}
      class={isCurrent ? 'row selected' : 'row'}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isCurrent}
      style={{ transform: `translateY(${index * ROW_HEIGHT}px)` }}
    >
      <span class="cell-start" role="gridcell" title={dayAndTime(start)}>
        {timeOfDay(start)}
      </span>
      <span class="cell-name" role="gridcell">
        <a class="trace-name" href={linkToTrace(traceId)} tabIndex={-1}>
          {name}
        </a>
        <span class="services">
          {services.length > 0 ? services.map(each => <Service key={each} name={each} />) : service}
          {!trace.complete && <span class="muted">root not here yet</span>}
        </span>
      </span>
      <span class="cell-duration" role="gridcell">
        <span class="number">{duration(trace.duration)}</span>
        <span class="duration-bar">
          <i style={{ ...serviceStyle(service), width: `${(100 * trace.duration) / longest}%` }} />
        </span>
      </span>
      <span class="cell-spans number" role="gridcell">
        {grouped(spans)}
      </span>
      <span class="cell-errors" role="gridcell">
        {errors > 0 && (
          <span class="badge bad">
            <Icon name="error" /> {errors}
          </span>
        )}
      </span>
      <span class="cell-findings" role="gridcell">
        {findings.length > 0 && (
          <span class="badge warn">
            <Icon name="finding" /> {findings.length}
          </span>
        )}
      </span>
    </div>
  )
}
