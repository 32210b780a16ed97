import type { OtlpDocument } from '../../src/decode/otlp.ts'
import type { Finding } from '../../src/findings/finding.ts'
import type { Interval } from '../../src/model/critical-path.ts'
import type { TraceSummary } from '../../src/model/summary.ts'
import type { Span, Trace } from '../../src/model/trace.ts'
import type { StoreState } from '../../src/store/store.ts'
import { type Route, readRoute } from './route.ts'
import { createStore, type Store, useStore } from './store.ts'

/** The columns by which the list can be sorted. */
export type SortKey = 'start' | 'name' | 'duration' | 'spans' | 'errors' | 'findings'

/** An open trace, and what was computed from it. */
export interface OpenTrace {
  readonly document: OtlpDocument
  readonly trace: Trace
  readonly byId: ReadonlyMap<string, Span>
  readonly findings: readonly Finding[]
  readonly criticalPath: ReadonlyMap<Span, readonly Interval[]>
}

export type Tab = 'findings' | 'span'

export interface AppState {
  readonly route: Route
  /** False in a share file: the page sends no requests and receives nothing. */
  readonly isLive: boolean
  readonly isConnected: boolean
  readonly isPaused: boolean
  /** Traces that arrived or changed during a pause. */
  readonly waiting: ReadonlyMap<string, TraceSummary>
  readonly summaries: ReadonlyMap<string, TraceSummary>
  readonly store: StoreState | undefined
  readonly sort: { readonly key: SortKey; readonly isDescending: boolean }
  readonly isGrouped: boolean
  readonly open: OpenTrace | undefined
  /** Why the trace of the route is not open. */
  readonly failure: string
  readonly collapsed: ReadonlySet<string>
  /** The text of the search within the trace. */
  readonly search: string
  /** The visible time interval, in milliseconds since the trace began. */
  readonly window: Interval
  readonly tab: Tab
  readonly isHelpOpen: boolean
  /** The last action, announced to screen readers and shown briefly. */
  readonly notice: string
}

export const app: Store<AppState> = createStore<AppState>({
  route: readRoute(location.hash),
  isLive: true,
  isConnected: true,
  isPaused: false,
  waiting: new Map(),
  summaries: new Map(),
  store: undefined,
  sort: { key: 'start', isDescending: true },
  isGrouped: false,
  open: undefined,
  failure: '',
  collapsed: new Set(),
  search: '',
  window: { start: 0, end: 1 },
  tab: 'findings',
  isHelpOpen: false,
  notice: '',
})

/** Reads a part of the state of the page. */
export function useApp<Part>(read: (state: AppState) => Part): Part {
  return useStore(app, read)
}

let noticeTimer: ReturnType<typeof setTimeout> | undefined

/** Shows briefly what was done. */
export function notify(notice: string): void {
  clearTimeout(noticeTimer)
  app.set({ notice })
  noticeTimer = setTimeout(() => app.set({ notice: '' }), 2500)
}
