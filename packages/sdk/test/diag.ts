import { diag, DiagLogLevel } from '@opentelemetry/api'

/** Collects what is said to `diag`, a line each. */
export function listenToDiag(): { readonly lines: string[]; readonly stop: () => void } {
  const lines: string[] = []
  const keep =
    (level: string) =>
    (...parts: unknown[]): void => {
      lines.push(`${level}: ${parts.map(String).join(' ')}`)
    }
  const ignore = (): void => {}
  diag.setLogger(
    { error: keep('error'), warn: keep('warn'), info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  )
  return { lines, stop: () => diag.disable() }
}
