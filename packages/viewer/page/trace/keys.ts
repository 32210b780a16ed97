import type { Span } from '../../src/model/trace.ts'
import { app } from '../state/app.ts'
import { selectSpan, toggleCollapsed, zoomBy, zoomOut, zoomTo } from '../state/selection.ts'
import { copyTree } from './text.ts'

/** Number of rows that Page Up and Page Down move by. */
const PAGE = 20

/** Handles a key in the waterfall. */
export function handleKey(event: KeyboardEvent, rows: readonly Span[], found: ReadonlySet<Span>): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const { route, open, search } = app.get()
  if (route.view !== 'trace' || !open) return
  const selected = open.byId.get(route.spanId)
  const row = selected ? rows.indexOf(selected) : -1
  const action = actionOf(event, rows, row, selected)
  if (action) {
    event.preventDefault()
    action()
    return
  }
  if (event.key !== 'n' && event.key !== 'p') return
  event.preventDefault()
  const wanted = search.trim() ? found : new Set(open.trace.spans.filter(span => span.failed))
  selectSpan(nextOf(open.trace.spans, wanted, selected, event.key === 'n') ?? selected)
}

function actionOf(
  { key, shiftKey }: KeyboardEvent,
  rows: readonly Span[],
  row: number,
  selected: Span | undefined,
): (() => void) | undefined {
  const to = (index: number) => (): void => selectSpan(rows[Math.max(0, Math.min(rows.length - 1, index))])
  const { window, collapsed } = app.get()
  const quarter = (window.end - window.start) / 4
  const isOpen = selected !== undefined && selected.children.length > 0 && !collapsed.has(selected.id)
  switch (key) {
    case 'ArrowDown':
    case 'j':
      return to(row + 1)
    case 'ArrowUp':
    case 'k':
      return to(row < 0 ? 0 : row - 1)
    case 'PageDown':
      return to(row + PAGE)
    case 'PageUp':
      return to(row - PAGE)
    case 'Home':
      return to(0)
    case 'End':
      return to(rows.length - 1)
    case 'ArrowRight':
      if (shiftKey) return () => zoomTo(window.start + quarter, window.end + quarter)
      return selected && (isOpen ? to(row + 1) : () => toggleCollapsed(selected, false))
    case 'ArrowLeft':
      if (shiftKey) return () => zoomTo(window.start - quarter, window.end - quarter)
      return (
        selected &&
        (isOpen ? () => toggleCollapsed(selected, true) : () => selectSpan(selected.parent ?? selected))
      )
    case '+':
    case '=':
      return () => zoomBy(0.5, selected && (selected.start + selected.end) / 2)
    case '-':
      return () => zoomBy(2)
    case '0':
      return zoomOut
    case 'z':
      return selected && (() => zoomTo(selected.start, selected.end))
    case 'c':
      return () => void copyTree()
    case 'Escape':
      return () => selectSpan(undefined)
    default:
      return undefined
  }
}

/** The next one of some spans, after or before the selected one; it wraps around at the ends. */
function nextOf(
  spans: readonly Span[],
  wanted: ReadonlySet<Span>,
  selected: Span | undefined,
  isForward: boolean,
): Span | undefined {
  const at = selected ? spans.indexOf(selected) : isForward ? -1 : spans.length
  for (let step = 1; step <= spans.length; step++) {
    const span = spans[(at + (isForward ? step : -step) + 2 * spans.length) % spans.length]
    if (span && wanted.has(span)) return span
  }
  return undefined
}
