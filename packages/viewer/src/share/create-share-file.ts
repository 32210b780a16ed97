import { decodeJson } from '../decode/json.ts'
import type { OtlpDocument } from '../decode/otlp.ts'
import { type SpanRecord, spansOf } from '../decode/spans.ts'
import { findingsOf } from '../findings/find.ts'
import { documentOf } from '../model/document.ts'
import { readTrace } from '../model/trace.ts'
import { ServedRequests } from '../store/served-requests.ts'
import { shareFileOf } from './share-file.ts'

/**
 * Creates one HTML file, as text, that shows the traces of a document of OTLP JSON. It opens from disk and loads nothing.
 * @throws Error when the document has no valid span, or is not OTLP JSON
 */
export function createShareFile(document: OtlpDocument): string {
  // A copy: cutting and completing must not change the caller's document.
  const { records, reason } = spansOf(decodeJson(Buffer.from(JSON.stringify(document))))
  if (records.length === 0)
    throw new Error(`createShareFile: the document has no valid span${reason && `: ${reason}`}`)
  const served = new ServedRequests()
  const traces = new Map<string, SpanRecord[]>()
  for (const record of records) {
    served.add(record)
    const { traceId } = record.span
    const own = traces.get(traceId)
    if (own) own.push(record)
    else traces.set(traceId, [record])
  }
  const findings = [...traces].map(
    ([traceId, own]) => [traceId, findingsOf(readTrace(traceId, own), served)] as const,
  )
  return shareFileOf(documentOf(records), Object.fromEntries(findings))
}
