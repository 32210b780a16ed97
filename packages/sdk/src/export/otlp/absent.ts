import { diag } from '@opentelemetry/api'
import { reportFailure } from '@spanwright/core/plugin'

import { ConsoleExporter } from '../console/exporter.ts'
import { decodeSpans } from '../console/decode.ts'
import { placeOf } from './advice.ts'
import type { OtlpTarget } from './target.ts'

/** Handles a missing collector: reports it once, and in development prints traces. */
export class AbsentCollector {
  /** Whether traces are currently printed. */
  isPrinting = false
  private readonly target: OtlpTarget
  /** Whether a developer sees the output, and nothing else prints it. */
  readonly canPrint: boolean
  private console: ConsoleExporter | undefined
  private isSaid = false

  constructor(target: OtlpTarget, canPrint: boolean) {
    this.target = target
    this.canPrint = canPrint
  }

  /** Notes that there is no connection, and why. */
  notice(reason: string): void {
    this.isPrinting = this.canPrint
    if (this.isSaid) return
    this.isSaid = true
    const waysOut = this.canPrint
      ? 'Until one answers, traces are printed here. Start one there,'
      : "Print traces with exporter: 'console', start a collector there,"
    diag.warn(
      `spanwright: no collector answers at ${placeOf(this.target)}: ${reason}. ${waysOut} or name another by ` +
        'OTEL_EXPORTER_OTLP_ENDPOINT',
    )
  }

  /** Prints the spans of a request that could not be sent. */
  print(parts: readonly Uint8Array[]): void {
    try {
      this.console ??= new ConsoleExporter()
      this.console.add(decodeSpans(parts))
    } catch (error) {
      reportFailure('printing traces', error)
    }
  }

  /** Prints spans still waiting for the end of their trace. */
  async end(): Promise<void> {
    await this.console?.shutdown()
  }
}

/** Whether a developer is likely to see the standard error of this process. */
export function isDevelopment(): boolean {
  const { NODE_ENV } = process.env
  return process.stderr.isTTY && (NODE_ENV === undefined || NODE_ENV === '' || NODE_ENV === 'development')
}
