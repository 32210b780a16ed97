import type { OtlpDocument } from '../../src/decode/otlp.ts'
import { spansOf, type SpanRecord } from '../../src/decode/spans.ts'
import type { Finding } from '../../src/findings/finding.ts'
import { documentOf } from '../../src/model/document.ts'
import { summaryOf, type TraceSummary } from '../../src/model/summary.ts'
import { readTrace } from '../../src/model/trace.ts'

/** The content of a share file. */
interface Shared {
  readonly document: OtlpDocument
  readonly findings: Readonly<Record<string, readonly Finding[]>>
}

interface SharedTrace {
  readonly records: SpanRecord[]
  readonly findings: readonly Finding[]
}

const traces = new Map<string, SharedTrace>()

/** Reads the traces of a share file. Returns their summaries; undefined when this page is not one. */
export function readShared(): TraceSummary[] | undefined {
  const text = document.getElementById('shared')?.textContent
  if (!text) return undefined
  const shared = JSON.parse(text) as Shared
  for (const record of spansOf(shared.document).records) {
    const { traceId } = record.span
    const known = traces.get(traceId)
    if (known) known.records.push(record)
    else traces.set(traceId, { records: [record], findings: shared.findings[traceId] ?? [] })
  }
  return [...traces].map(([traceId, { records, findings }]) =>
    summaryOf(readTrace(traceId, records), findings),
  )
}

/** A trace of the share file. */
export function sharedTrace(
  traceId: string,
): { readonly document: OtlpDocument; readonly findings: readonly Finding[] } | undefined {
  const shared = traces.get(traceId)
  return shared && { document: documentOf(shared.records), findings: shared.findings }
}
