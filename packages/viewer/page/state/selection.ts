import type { Span } from '../../src/model/trace.ts'
import { app } from './app.ts'
import { linkToTrace } from './route.ts'

/** Selects a span: the address names it, and the panel shows it. */
export function selectSpan(span: Span | undefined, tab: 'span' | 'findings' = 'span'): void {
  const { route, open } = app.get()
  if (route.view !== 'trace' || !open) return
  const spanId = span?.id ?? ''
  history.replaceState(null, '', linkToTrace(route.traceId, spanId))
  app.set({ route: { ...route, spanId }, tab: span ? tab : 'findings' })
  if (span) reveal(span)
}

/** Expands the collapsed spans above a span. */
function reveal(span: Span): void {
  const { collapsed } = app.get()
  const above: string[] = []
  for (let at = span.parent; at; at = at.parent) if (collapsed.has(at.id)) above.push(at.id)
  if (above.length === 0) return
  app.set({ collapsed: new Set([...collapsed].filter(id => !above.includes(id))) })
}

/** Expands or collapses the spans beneath a span. */
export function toggleCollapsed(span: Span, isCollapsed = !app.get().collapsed.has(span.id)): void {
  if (span.children.length === 0) return
  const collapsed = new Set(app.get().collapsed)
  if (isCollapsed) collapsed.add(span.id)
  else collapsed.delete(span.id)
  app.set({ collapsed })
}

/** The visible time interval, within the trace and not shorter than a microsecond. */
export function zoomTo(start: number, end: number): void {
  const whole = app.get().open?.trace.duration || 1
  const length = Math.min(whole, Math.max(0.001, end - start))
  const from = Math.max(0, Math.min(whole - length, start))
  app.set({ window: { start: from, end: from + length } })
}

/** Zooms in or out around a time. */
export function zoomBy(factor: number, around?: number): void {
  const { start, end } = app.get().window
  const center = around ?? (start + end) / 2
  zoomTo(center - (center - start) * factor, center + (end - center) * factor)
}

/** Shows the whole trace. */
export function zoomOut(): void {
  zoomTo(0, app.get().open?.trace.duration ?? 1)
}
