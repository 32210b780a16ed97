import type { JSX } from 'preact'

import { app, type OpenTrace, type Tab, useApp } from '../state/app.ts'
import { About } from './about.tsx'
import { Findings } from './findings.tsx'
import { SpanDetails } from './span-details.tsx'

/** The panel beside the waterfall: the findings of the trace, or the details of a span. */
export function Panel({ open }: { readonly open: OpenTrace }): JSX.Element {
  const tab = useApp(state => state.tab)
  const selectedId = useApp(state => (state.route.view === 'trace' ? state.route.spanId : ''))
  const span = open.byId.get(selectedId)
  const number = open.findings.length
  return (
    <aside class="panel" aria-label="Details">
      <div class="tabs" role="tablist" aria-label="Details">
        <TabButton tab="findings" current={tab}>
          Findings <span class={number > 0 ? 'badge warn' : 'badge'}>{number}</span>
        </TabButton>
        <TabButton tab="span" current={tab}>
          Span
        </TabButton>
      </div>
      <div class="panel-body" role="tabpanel" id={`panel-${tab}`} aria-labelledby={`tab-${tab}`} tabIndex={0}>
        {tab === 'findings' ? (
          <>
            <Findings open={open} />
            <About trace={open.trace} />
          </>
        ) : span ? (
          <SpanDetails key={span.id} span={span} open={open} />
        ) : (
          <p class="hint">Choose a span to see its attributes, events and links.</p>
        )}
      </div>
    </aside>
  )
}

interface TabButtonProps {
  readonly tab: Tab
  readonly current: Tab
  readonly children: preact.ComponentChildren
}

function TabButton({ tab, current, children }: TabButtonProps): JSX.Element {
  const isCurrent = tab === current
  return (
    <button
      type="button"
      role="tab"
      id={`tab-${tab}`}
      aria-selected={isCurrent}
      {...(isCurrent && { 'aria-controls': `panel-${tab}` })}
      tabIndex={isCurrent ? 0 : -1}
      onClick={() => app.set({ tab })}
      onKeyDown={event => {
        if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return
        const other = tab === 'findings' ? 'span' : 'findings'
        app.set({ tab: other })
        document.getElementById(`tab-${other}`)?.focus()
      }}
    >
      {children}
    </button>
  )
}
