/** An SDK in the measured process. */
export interface Telemetry {
  /** Spans that were recorded so far. */
  readonly recorded: number
  /** Sends what waits. */
  flush(): Promise<void>
}
