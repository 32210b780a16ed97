import { diag, DiagLogLevel } from '@opentelemetry/api'

/** Collects what is said to `diag` as an error or a warning, the first word of each call. */
export function collectDiag(): { readonly lines: string[]; stop(): void } {
  const lines: string[] = []
  const keep = (line: string): void => void lines.push(line)
  const ignore = (): void => undefined
  diag.setLogger(
    { error: keep, warn: keep, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  )
  return { lines, stop: () => diag.disable() }
}
