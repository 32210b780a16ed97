import { diag } from '@opentelemetry/api'

/** Why a span was lost. */
export type Loss = 'queueFull' | 'notEncoded' | 'failed' | 'rejected' | 'shutDown'

/** Counts the outcome of one exporter's spans; losses are reported to `diag` once per interval. */
export class ExportCounts {
  exported = 0
  readonly lost: Record<Loss, number> = { queueFull: 0, notEncoded: 0, failed: 0, rejected: 0, shutDown: 0 }
  /** Reason of the last failed or partly rejected batch. */
  lastError: string | undefined
  private readonly name: string
  private readonly reportInterval: number
  private reported = 0
  private timer: NodeJS.Timeout | undefined

  /**
   * @param name of the exporter
   * @param reportInterval milliseconds between two reports
   */
  constructor(name: string, reportInterval: number) {
    this.name = name
    this.reportInterval = reportInterval
  }

  lose(reason: Loss, count: number): void {
    if (count === 0) return
    this.lost[reason] += count
    this.timer ??= setTimeout(() => this.report(), this.reportInterval).unref()
  }

  /** Reports the losses since the last report, if any. */
  report(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    const { queueFull, notEncoded, failed, rejected, shutDown } = this.lost
    const lost = queueFull + notEncoded + failed + rejected + shutDown
    if (lost === this.reported) return
    const because = this.lastError === undefined ? '' : `; last error: ${this.lastError}`
    const unencoded = notEncoded > 0 ? `, ${notEncoded} not encodable` : ''
    const rejections = rejected > 0 ? `, ${rejected} rejected by the endpoint` : ''
    diag.warn(
      `spanwright: ${lost - this.reported} spans were not exported by ${this.name} ` +
        `(since the start: ${queueFull} queue full${unencoded}, ${failed} export failed${rejections}, ${shutDown} after shutdown)${because}`,
    )
    this.reported = lost
  }
}
