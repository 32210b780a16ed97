import type { JSX } from 'preact'
import { useEffect, useMemo, useRef } from 'preact/hooks'

import type { Span } from '../../src/model/trace.ts'
import { useKeys } from '../parts/keys.ts'
import { scrollToRow, useVisibleRows } from '../parts/virtual.ts'
import { type OpenTrace, useApp } from '../state/app.ts'
import { zoomBy } from '../state/selection.ts'
import { handleKey } from './keys.ts'
import { idleTimesOf, matchesSearch, positionIn, rowsOf, ticksOf } from './layout.ts'
import { Minimap } from './minimap.tsx'
import { Row, ROW_HEIGHT, rowId } from './row.tsx'
import { Ruler } from './ruler.tsx'

/** Height of the head in pixels. It stays in place when the rows are scrolled. */
const HEAD_HEIGHT = 84

/** The spans of a trace, a row each, on a common time line. Only visible rows are in the page. */
export function Waterfall({ open }: { readonly open: OpenTrace }): JSX.Element {
  const { trace, criticalPath, findings, byId } = open
  const collapsed = useApp(state => state.collapsed)
  const search = useApp(state => state.search)
    .trim()
    .toLowerCase()
  const window = useApp(state => state.window)
  const selectedId = useApp(state => (state.route.view === 'trace' ? state.route.spanId : ''))
  const scroller = useRef<HTMLDivElement>(null)
  const grid = useRef<HTMLDivElement>(null)
  const rows = useMemo(() => rowsOf(trace, collapsed), [trace, collapsed])
  const found = useMemo(
    () => (search ? new Set(trace.spans.filter(span => matchesSearch(span, search))) : new Set<Span>()),
    [trace, search],
  )
  const marked = useMemo(() => new Set(findings.flatMap(({ spanIds }) => spanIds)), [findings])
  const idle = useMemo(() => idleTimesOf(trace), [trace])
  const { first, end } = useVisibleRows(scroller, rows.length, ROW_HEIGHT)
  const selected = byId.get(selectedId)
  const selectedRow = selected ? rows.indexOf(selected) : -1
  useEffect(() => scrollToRow(scroller.current, selectedRow, ROW_HEIGHT, HEAD_HEIGHT), [selectedRow])
  // Keys work immediately, without a click or Tab.
  useEffect(() => grid.current?.focus({ preventScroll: true }), [trace.traceId])
  useKeys(['n', 'p', 'z', 'c', '+', '=', '-', '0', 'Escape'], event => {
    grid.current?.focus()
    handleKey(event, rows, found)
  })
  const isRendered = selectedRow >= first && selectedRow < end

  return (
    <div
      ref={scroller}
      class="waterfall"
      onWheel={event => {
        if (!event.ctrlKey && !event.metaKey) return
        event.preventDefault()
        zoomBy(event.deltaY > 0 ? 1.25 : 0.8, momentAt(event))
      }}
    >
      <div class="waterfall-head">
        <Minimap trace={trace} />
        <Ruler window={window} />
      </div>
      <div
        ref={grid}
        class="spans"
        role="treegrid"
        aria-label="Spans"
        aria-rowcount={rows.length}
        tabIndex={0}
        {...(isRendered && { 'aria-activedescendant': rowId(selectedId) })}
        style={{ height: `${rows.length * ROW_HEIGHT}px` }}
        onKeyDown={event => handleKey(event, rows, found)}
      >
        <div class="backdrop" role="presentation">
          <div class="backdrop-time">
            {ticksOf(window).map(tick => (
              <i class="tick" style={{ left: `${positionIn(window, tick)}%` }} />
            ))}
            {idle.map(gap => (
              <i
                class="idle"
                title="No span ran"
                style={{
                  left: `${positionIn(window, gap.start)}%`,
                  width: `${positionIn(window, gap.end) - positionIn(window, gap.start)}%`,
                }}
              />
            ))}
          </div>
        </div>
        {rows.slice(first, end).map((span, offset) => (
          <Row
            key={span.id}
            span={span}
            index={first + offset}
            isSelected={span.id === selectedId}
            isCollapsed={collapsed.has(span.id)}
            isFound={found.has(span)}
            isShownByFinding={marked.has(span.id)}
            window={window}
            path={criticalPath.get(span)}
          />
        ))}
      </div>
    </div>
  )

  /** The time beneath the pointer. */
  function momentAt(event: WheelEvent): number | undefined {
    const area = scroller.current?.querySelector('.backdrop-time')?.getBoundingClientRect()
    if (!area || event.clientX < area.left) return undefined
    return window.start + ((event.clientX - area.left) / area.width) * (window.end - window.start)
  }
}
