import type { JSX } from 'preact'
import { useEffect, useMemo } from 'preact/hooks'

import { count } from '../../src/findings/words.ts'
import { Icon, Mark } from '../parts/icons.tsx'
import { useKeys } from '../parts/keys.ts'
import { grouped, mebibytes } from '../parts/time.ts'
import { HelpButton, ThemeButton } from '../parts/tools.tsx'
import { app, useApp } from '../state/app.ts'
import { clearTraces, togglePause } from '../state/live.ts'
import { queryOf } from '../state/route.ts'
import { Empty } from './empty.tsx'
import { Filters } from './filters.tsx'
import { Groups } from './groups.tsx'
import { sorted } from './sort.ts'
import { TraceTable } from './trace-table.tsx'

/** The list of traces, updated as they arrive. */
export function List(): JSX.Element {
  const summaries = useApp(state => state.summaries)
  const sort = useApp(state => state.sort)
  const isGrouped = useApp(state => state.isGrouped)
  const isFiltered = useApp(state => state.route.view === 'list' && queryOf(state.route.filter) !== '')
  const traces = useMemo(() => sorted([...summaries.values()], sort), [summaries, sort])
  useEffect(() => {
    document.title = `${count(summaries.size, 'trace')} · Spanwright`
  }, [summaries])
  return (
    <div class="list-page">
      <header class="list-head">
        <h1 class="brand">
          <Mark /> Traces
        </h1>
        <LiveState />
        <div class="tools">
          <button
            type="button"
            class="button"
            aria-pressed={isGrouped}
            onClick={() => app.set({ isGrouped: !isGrouped })}
          >
            Group by route
          </button>
          <ClearButton />
          <ThemeButton />
          <HelpButton />
        </div>
      </header>
      <Filters traces={traces} />
      <main class="list-main">
        {traces.length === 0 ? (
          <Empty isFiltered={isFiltered} />
        ) : isGrouped ? (
          <Groups traces={traces} />
        ) : (
          <TraceTable traces={traces} />
        )}
      </main>
      <Foot />
    </div>
  )
}

function LiveState(): JSX.Element | null {
  const isLive = useApp(state => state.isLive)
  const isConnected = useApp(state => state.isConnected)
  const isPaused = useApp(state => state.isPaused)
  const waiting = useApp(state => state.waiting.size)
  useKeys(['s'], togglePause)
  if (!isLive) return null
  const state = !isConnected ? 'Not connected' : isPaused ? 'Paused' : 'Live'
  return (
    <div class={`live ${isConnected ? (isPaused ? 'paused' : 'on') : 'off'}`}>
      <span class="live-dot" />
      <span>{state}</span>
      <button type="button" class="button" onClick={togglePause}>
        <Icon name={isPaused ? 'play' : 'pause'} />
        {isPaused ? (waiting > 0 ? `Show ${waiting} new` : 'Go on') : 'Pause'}
      </button>
    </div>
  )
}

function ClearButton(): JSX.Element | null {
  const isLive = useApp(state => state.isLive)
  if (!isLive) return null
  return (
    <button type="button" class="button" onClick={() => void clearTraces()}>
      <Icon name="trash" /> Clear
    </button>
  )
}

function Foot(): JSX.Element | null {
  const store = useApp(state => state.store)
  const shown = useApp(state => state.summaries.size)
  if (!store) return null
  const { traces, spans, bytes, maxBytes, evicted, dropped } = store
  return (
    <footer class="foot">
      <span>
        {shown === traces ? grouped(traces) : `${grouped(shown)} of ${grouped(traces)}`}{' '}
        {traces === 1 ? 'trace' : 'traces'}
      </span>
      <span>{count(spans, 'span').replace(/^\d+/, grouped(spans))}</span>
      <span>
        {mebibytes(bytes)} of {mebibytes(maxBytes)}
      </span>
      {evicted > 0 && <span class="warn-text">{count(evicted, 'older trace')} made room for newer ones</span>}
      {dropped > 0 && <span class="warn-text">{count(dropped, 'span')} left out: their traces are full</span>}
    </footer>
  )
}
