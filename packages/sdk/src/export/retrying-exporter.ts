import type { ExportResult, ReadableSpan, SpanExporter } from '../record/types.ts'

/** Milliseconds before the second try; half as much again before each further one. */
const FIRST_BACKOFF = 1000
const GROWTH = 1.5
const MAX_BACKOFF = 5000
/** Share by which a wait is shorter or longer by chance, so that not all processes come back at once. */
const JITTER = 0.2

/** Codes of gRPC after which OTLP lets a client try again: cancelled, deadline exceeded, aborted, out of range, unavailable, data loss. */
const RETRYABLE: ReadonlySet<unknown> = new Set([1, 4, 10, 11, 14, 15])

/** Tries again what failed over gRPC for a while, as the exporters over HTTP do by themselves. */
export class RetryingExporter implements SpanExporter {
  private readonly exporter: SpanExporter
  private readonly limit: number
  private readonly waiting = new Map<NodeJS.Timeout, () => void>()
  private isShutDown = false

  /** @param limit milliseconds that one batch may take with all its tries */
  constructor(exporter: SpanExporter, limit: number) {
    this.exporter = exporter
    this.limit = limit
  }

  export(spans: ReadableSpan[], callback: (result: ExportResult) => void): void {
    this.try(spans, callback, performance.now() + this.limit, FIRST_BACKOFF)
  }

  private try(
    spans: ReadableSpan[],
    callback: (result: ExportResult) => void,
    deadline: number,
    backoff: number,
  ): void {
    this.exporter.export(spans, result => {
      const wait = backoff * (1 + JITTER * (2 * Math.random() - 1))
      if (!isWorthAnother(result) || this.isShutDown || performance.now() + wait > deadline) {
        callback(result)
        return
      }
      const next = Math.min(backoff * GROWTH, MAX_BACKOFF)
      const again = setTimeout(() => {
        this.waiting.delete(again)
        this.try(spans, callback, deadline, next)
      }, wait)
      this.waiting.set(again, () => callback(result))
    })
  }

  async forceFlush(): Promise<void> {
    await this.exporter.forceFlush?.()
  }

  async shutdown(): Promise<void> {
    this.isShutDown = true
    for (const [timer, giveUp] of this.waiting) {
      clearTimeout(timer)
      giveUp()
    }
    this.waiting.clear()
    await this.exporter.shutdown()
  }
}

function isWorthAnother({ code, error }: ExportResult): boolean {
  return code !== 0 && RETRYABLE.has((error as { code?: unknown } | undefined)?.code)
}
