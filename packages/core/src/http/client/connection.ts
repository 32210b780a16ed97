import type { Attributes } from '@opentelemetry/api'

import type { HttpClientMetrics } from './metrics.ts'

/** One connection of an HTTP client: measures its lifetime and whether it is active or idle. */
export class ClientConnection {
  private readonly metrics: HttpClientMetrics<never>
  private readonly attributes: Attributes
  private readonly openedAt: number
  private requests = 0
  private isClosed = false

  /** @param openedAt time on the clock of `performance.now()` */
  constructor(metrics: HttpClientMetrics<never>, attributes: Attributes, openedAt: number) {
    this.metrics = metrics
    this.attributes = attributes
    this.openedAt = openedAt
    this.count(1)
  }

  /** A request was written to the connection. */
  took(): void {
    this.change(1)
  }

  /** A request on the connection has ended. */
  gaveBack(): void {
    this.change(-1)
  }

  closed(): void {
    if (this.isClosed) return
    this.count(-1)
    this.isClosed = true
    const seconds = (performance.now() - this.openedAt) / 1000
    this.metrics.recordConnection(seconds, this.attributes)
  }

  private change(by: 1 | -1): void {
    const isSameState = this.requests > 0 && this.requests + by > 0
    if (!isSameState) this.count(-1)
    this.requests += by
    if (!isSameState) this.count(1)
  }

  private count(by: 1 | -1): void {
    if (this.isClosed) return
    this.metrics.countConnection(by, this.requests > 0, this.attributes)
  }
}
