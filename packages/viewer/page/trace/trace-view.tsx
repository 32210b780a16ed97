import type { JSX } from 'preact'

import { Icon } from '../parts/icons.tsx'
import { Panel } from '../panel/panel.tsx'
import { useApp } from '../state/app.ts'
import { linkToList, NO_FILTER } from '../state/route.ts'
import { TraceHead } from './trace-head.tsx'
import { Waterfall } from './waterfall.tsx'

/** A trace: its head, its waterfall, and the panel beside it. */
export function TraceView(): JSX.Element {
  const open = useApp(state => state.open)
  const failure = useApp(state => state.failure)
  if (!open) {
    return (
      <main class="message-page">
        <h1>{failure ? 'No trace' : 'Loading the trace …'}</h1>
        {failure && <p>{failure}</p>}
        <a href={linkToList(NO_FILTER)} class="button">
          <Icon name="back" /> All traces
        </a>
      </main>
    )
  }
  return (
    <div class="trace-page">
      <TraceHead open={open} />
      <div class="trace-body">
        <main class="trace-main">
          <Waterfall open={open} />
        </main>
        <Panel open={open} />
      </div>
    </div>
  )
}
