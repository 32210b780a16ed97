import { type ExportResult, ExportResultCode } from '@opentelemetry/core'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace'

/** An exporter that keeps the exported spans. */
export interface Collector {
  readonly exporter: SpanExporter
  readonly names: string[]
  readonly spans: ReadableSpan[]
}

export function collect(): Collector {
  const names: string[] = []
  const collected: ReadableSpan[] = []
  const exporter: SpanExporter = {
    export: (spans, done: (result: ExportResult) => void) => {
      collected.push(...spans)
      names.push(...spans.map(({ name }) => name))
      done({ code: ExportResultCode.SUCCESS })
    },
    shutdown: async () => {},
  }
  return { exporter, names, spans: collected }
}
