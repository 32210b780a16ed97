import type { TraceSummary } from '../../src/model/summary.ts'
import type { StoreState } from '../../src/store/store.ts'
import { app } from './app.ts'
import { loadTrace } from './open-trace.ts'
import { queryOf, type Route } from './route.ts'

/** The data that the server sends after each change. */
interface Change {
  readonly updated: readonly TraceSummary[]
  readonly gone: readonly string[]
  readonly store: StoreState
  /** Whether this is the complete list rather than the changes. */
  readonly isFirst: boolean
}

let source: EventSource | undefined
let asked = ''

/** Follows what the route refers to: the traces of the list, or the open one. */
export function follow(route: Route): void {
  const query =
    route.view === 'list' ? queryOf(route.filter) : new URLSearchParams({ text: route.traceId }).toString()
  if (source && query === asked) return
  asked = query
  source?.close()
  source = new EventSource(`api/events?${query}`)
  source.addEventListener('open', () => app.set({ isConnected: true }))
  source.addEventListener('error', () => app.set({ isConnected: false }))
  source.addEventListener('message', ({ data }: MessageEvent<string>) => receive(JSON.parse(data) as Change))
}

/** Follows only while the page is visible: browsers open six connections to a server, and each tab would use one. */
export function followWhileVisible(): void {
  document.addEventListener('visibilitychange', () => {
    const { route, isPaused } = app.get()
    if (!document.hidden) follow(route)
    else if (!isPaused) {
      source?.close()
      source = undefined
    }
  })
}

function receive({ updated, gone, store, isFirst }: Change): void {
  const { isPaused, summaries, waiting, route, open } = app.get()
  app.set({ store, isConnected: true })
  if (route.view === 'trace') {
    const summary = updated.find(({ traceId }) => traceId === route.traceId)
    if (summary && (open || !isFirst) && summary.spans !== open?.trace.spans.length)
      void loadTrace(route.traceId)
    return
  }
  if (isFirst) app.set({ summaries: merge(new Map(), updated, gone), waiting: new Map() })
  else if (isPaused) app.set({ waiting: merge(waiting, updated, gone) })
  else app.set({ summaries: merge(summaries, updated, gone) })
}

/** Maximum of rows of the list: more than a user reads. */
const MAX_ROWS = 10_000

function merge(
  former: ReadonlyMap<string, TraceSummary>,
  updated: readonly TraceSummary[],
  gone: readonly string[],
): ReadonlyMap<string, TraceSummary> {
  if (updated.length === 0 && gone.length === 0) return former
  const merged = new Map(former)
  for (const summary of updated) merged.set(summary.traceId, summary)
  for (const traceId of gone) merged.delete(traceId)
  for (const oldest of merged.keys()) {
    if (merged.size <= MAX_ROWS) break
    merged.delete(oldest)
  }
  return merged
}

/** Pauses or resumes the list. */
export function togglePause(): void {
  const { isPaused, summaries, waiting, route } = app.get()
  app.set({ isPaused: !isPaused })
  if (!isPaused) return
  app.set({ summaries: merge(summaries, [...waiting.values()], []), waiting: new Map() })
  if (route.view === 'trace') void loadTrace(route.traceId)
}

/** Makes the server forget all traces. */
export async function clearTraces(): Promise<void> {
  await fetch('api/traces', { method: 'DELETE' })
  app.set({ waiting: new Map() })
}
