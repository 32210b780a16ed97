import type { RefObject } from 'preact'
import { useLayoutEffect, useState } from 'preact/hooks'

/** Number of rows beyond both edges that are in the page as well, so that a fast scroll shows no blank area. */
const MARGIN = 12

/** The rows of a list that are in the page. */
export interface VisibleRows {
  readonly first: number
  /** The index after the last visible row. */
  readonly end: number
}

/** Determines which rows of equal height are visible in a scrolled element. */
export function useVisibleRows(
  scroller: RefObject<HTMLElement | null>,
  count: number,
  rowHeight: number,
): VisibleRows {
  const [rows, setRows] = useState<VisibleRows>({ first: 0, end: 60 })
  useLayoutEffect(() => {
    const element = scroller.current
    if (!element) return undefined
    const measure = (): void => {
      const first = Math.max(0, Math.floor(element.scrollTop / rowHeight) - MARGIN)
      const end = Math.ceil((element.scrollTop + element.clientHeight) / rowHeight) + MARGIN
      setRows(former => (former.first === first && former.end === end ? former : { first, end }))
    }
    measure()
    element.addEventListener('scroll', measure, { passive: true })
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => {
      element.removeEventListener('scroll', measure)
      observer.disconnect()
    }
  }, [scroller, rowHeight])
  return { first: Math.min(rows.first, Math.max(0, count - 1)), end: Math.min(rows.end, count) }
}

/**
 * Scrolls an element until a row is visible.
 * @param covered height in pixels of a head above the rows, which stays in place
 */
export function scrollToRow(element: HTMLElement | null, row: number, rowHeight: number, covered = 0): void {
  if (!element || row < 0) return
  const top = row * rowHeight
  const height = element.clientHeight - covered
  if (top < element.scrollTop) element.scrollTop = Math.max(0, top - rowHeight)
  else if (top + rowHeight > element.scrollTop + height) element.scrollTop = top + 2 * rowHeight - height
}
