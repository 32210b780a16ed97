import type { ServerResponse } from 'node:http'

import { type Filter, matches, readFilter } from './filter.ts'
import { sendJson, sendText } from './responses.ts'
import { documentOf } from '../model/document.ts'
import type { TraceSummary } from '../model/summary.ts'
import { shareFileOf } from '../share/share-file.ts'
import type { StoredTrace } from '../store/stored-trace.ts'
import type { StoreChange, TraceStore } from '../store/store.ts'

/** `GET /api/traces`: summaries, newest first; with `follow=1` a line of JSON whenever one arrives or changes. */
export function listTraces(query: URLSearchParams, response: ServerResponse, store: TraceStore): void {
  const filter = readFilter(query)
  if (query.get('follow') === null) {
    const limit = Number(query.get('limit') ?? 1000)
    const newestFirst = summariesOf(store, filter).toSorted((one, other) => other.start - one.start)
    sendJson(response, 200, { traces: newestFirst.slice(0, limit), store: store.state() })
    return
  }
  response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' })
  follow(store, filter, response, ({ updated }) =>
    updated.map(summary => `${JSON.stringify(summary)}\n`).join(''),
  )
}

/** `GET /api/events`: the same for a page, as server-sent events that also report removed traces. */
export function sendEvents(query: URLSearchParams, response: ServerResponse, store: TraceStore): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  follow(
    store,
    readFilter(query),
    response,
    change => `data: ${JSON.stringify({ ...change, store: store.state() })}\n\n`,
  )
}

interface Change {
  readonly updated: readonly TraceSummary[]
  readonly gone: readonly string[]
  /** Whether this is the complete list rather than the changes. */
  readonly isFirst: boolean
}

/** Number of traces that a follower receives at first: the newest ones. */
const MAX_FIRST = 5000

/** Maximum of bytes that wait for a reader that does not read. It can connect again. */
const MAX_UNREAD = 16 * 1024 * 1024

function follow(
  store: TraceStore,
  filter: Filter,
  response: ServerResponse,
  format: (change: Change) => string,
): void {
  response.flushHeaders()
  const write = (change: Change): void => {
    const text = format(change)
    if (text !== '') response.write(text)
    if (response.writableLength > MAX_UNREAD) response.destroy()
  }
  write({ updated: summariesOf(store, filter).slice(0, MAX_FIRST).toReversed(), gone: [], isFirst: true })
  const stop = store.listen(({ updated, gone }: StoreChange) => {
    const traces = [...updated].flatMap(traceId => store.get(traceId) ?? [])
    write({
      updated: traces.flatMap(trace => summaryIfAsked(store, filter, trace)),
      gone: [...gone],
      isFirst: false,
    })
  })
  response.on('close', stop)
}

function summariesOf(store: TraceStore, filter: Filter): TraceSummary[] {
  return [...store.all()].toReversed().flatMap(trace => summaryIfAsked(store, filter, trace))
}

function summaryIfAsked(store: TraceStore, filter: Filter, trace: StoredTrace): TraceSummary[] {
  const summary = store.summaryOf(trace)
  return matches(filter, summary, trace) ? [summary] : []
}

/** `GET /api/traces/:id`, and what is derived from a trace: its findings, its share file. */
export function sendTrace(
  traceId: string,
  form: string | undefined,
  response: ServerResponse,
  store: TraceStore,
): void {
  const trace = store.get(traceId)
  if (trace === undefined) {
    sendJson(response, 404, {
      error: `no trace ${traceId} is kept: it did not arrive, or made room for newer ones`,
    })
    return
  }
  const document = documentOf(trace.all())
  const findings = store.findingsOf(trace)
  if (form === undefined) sendJson(response, 200, document)
  else if (form === 'view') sendJson(response, 200, { document, findings })
  else if (form === 'share') {
    response.setHeader('content-disposition', `attachment; filename="trace-${traceId.slice(0, 8)}.html"`)
    sendText(response, 200, 'text/html; charset=utf-8', shareFileOf(document, { [traceId]: findings }))
  } else sendJson(response, 404, { error: `a trace has no ${JSON.stringify(form)}` })
}
