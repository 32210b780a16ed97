import { type JSX, render } from 'preact'

import { List } from './list/list.tsx'
import { Help } from './parts/help.tsx'
import { useKeys } from './parts/keys.ts'
import { restoreTheme } from './parts/theme.ts'
import { app, useApp } from './state/app.ts'
import { follow, followWhileVisible } from './state/live.ts'
import { loadTrace } from './state/open-trace.ts'
import { linkToTrace, readRoute } from './state/route.ts'
import { readShared } from './state/shared.ts'
import { TraceView } from './trace/trace-view.tsx'

/** The whole page: the list, or a trace. */
function Page(): JSX.Element {
  const view = useApp(state => state.route.view)
  const isHelpOpen = useApp(state => state.isHelpOpen)
  const notice = useApp(state => state.notice)
  useKeys(['?'], () => app.set({ isHelpOpen: true }))
  return (
    <>
      {view === 'list' ? <List /> : <TraceView />}
      {isHelpOpen && <Help />}
      <div class={notice ? 'notice shown' : 'notice'} role="status">
        {notice}
      </div>
    </>
  )
}

/** Shows what the address refers to. */
function followAddress(): void {
  const route = readRoute(location.hash)
  const { route: former, isLive } = app.get()
  app.set({ route })
  if (isLive) follow(route)
  if (
    route.view === 'trace' &&
    !(former.view === 'trace' && former.traceId === route.traceId && app.get().open)
  ) {
    void loadTrace(route.traceId)
  }
  if (route.view === 'list') app.set({ open: undefined, failure: '' })
}

function start(): void {
  restoreTheme()
  const shared = readShared()
  if (shared) {
    app.set({ isLive: false, summaries: new Map(shared.map(summary => [summary.traceId, summary])) })
    const [only] = shared
    const isAtTrace = readRoute(location.hash).view === 'trace'
    if (only && shared.length === 1 && !isAtTrace) history.replaceState(null, '', linkToTrace(only.traceId))
  }
  if (!shared) followWhileVisible()
  addEventListener('hashchange', followAddress)
  followAddress()
  render(<Page />, document.getElementById('app') as HTMLElement)
}

start()
