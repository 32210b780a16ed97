import { diag, DiagLogLevel } from '@opentelemetry/api'

/** What was said to `diag` as an error or a warning. */
export interface CollectedDiag {
  /** A line for each call: `warn: spanwright: …`. */
  readonly lines: string[]
  /** The first argument of each call. */
  readonly messages: string[]
  /** Lets nobody listen any more. */
  stop(): void
}

const ignore = (): void => {}

/** Collects what is said to `diag` as an error or a warning from now on. */
export function collectDiag(): CollectedDiag {
  const lines: string[] = []
  const messages: string[] = []
  const keep =
    (level: string) =>
    (message: string, ...rest: unknown[]): void => {
      lines.push(`${level}: ${[message, ...rest].map(String).join(' ')}`)
      messages.push(message)
    }
  diag.setLogger(
    { error: keep('error'), warn: keep('warn'), info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  )
  return { lines, messages, stop: () => diag.disable() }
}
