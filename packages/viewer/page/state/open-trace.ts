import type { OtlpDocument } from '../../src/decode/otlp.ts'
import { spansOf } from '../../src/decode/spans.ts'
import type { Finding } from '../../src/findings/finding.ts'
import { criticalPathOf } from '../../src/model/critical-path.ts'
import { readTrace } from '../../src/model/trace.ts'
import { app, type OpenTrace } from './app.ts'
import { sharedTrace } from './shared.ts'

/** Opens a trace, or opens it again with spans that arrived since. Selection, collapsed spans and zoom are kept. */
export async function loadTrace(traceId: string): Promise<void> {
  const shared = sharedTrace(traceId)
  if (shared) {
    show(traceId, openTraceOf(traceId, shared.document, shared.findings))
    return
  }
  if (!app.get().isLive) {
    app.set({ open: undefined, failure: 'This file does not contain that trace.' })
    return
  }
  const response = await fetch(`api/traces/${traceId}/view`).catch(() => undefined)
  const { route } = app.get()
  if (route.view !== 'trace' || route.traceId !== traceId) return
  if (!response?.ok) {
    const failure =
      response?.status === 404
        ? 'This trace is not kept: it did not arrive, or made room for newer ones.'
        : 'The viewer does not answer. Is it still running?'
    app.set({ open: undefined, failure })
    return
  }
  const { document, findings } = (await response.json()) as { document: OtlpDocument; findings: Finding[] }
  show(traceId, openTraceOf(traceId, document, findings))
}

/** Computes the data that the page shows for a trace. */
function openTraceOf(traceId: string, document: OtlpDocument, findings: readonly Finding[]): OpenTrace {
  const records = spansOf(document).records.filter(({ span }) => span.traceId === traceId)
  const trace = readTrace(traceId, records)
  return {
    document,
    trace,
    byId: new Map(trace.spans.map(span => [span.id, span])),
    findings,
    criticalPath: criticalPathOf(trace),
  }
}

function show(traceId: string, open: OpenTrace): void {
  const { open: former, window } = app.get()
  const { duration } = open.trace
  const whole = { start: 0, end: duration || 1 }
  if (former?.trace.traceId !== traceId) {
    const { route } = app.get()
    const isAtSpan = route.view === 'trace' && route.spanId !== ''
    const tab = open.findings.length > 0 && !isAtSpan ? 'findings' : 'span'
    app.set({ open, failure: '', window: whole, collapsed: new Set(), search: '', tab })
    return
  }
  const showedAll = window.start === 0 && window.end === (former.trace.duration || 1)
  app.set({ open, failure: '', window: showedAll ? whole : window })
}
