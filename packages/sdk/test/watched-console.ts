import { ConsoleExporter, type ConsoleOptions } from '../src/index.ts'
import type { ExportResult, ReadableSpan } from '../src/record/types.ts'

/** A console exporter that records its output and the spans it received. */
export class WatchedConsole extends ConsoleExporter {
  readonly written: string[]
  private readonly expected: { readonly name: string; readonly resolve: () => void }[] = []

  constructor(options: ConsoleOptions = {}) {
    const written: string[] = []
    super({ width: 90, write: text => void written.push(text), ...options })
    this.written = written
  }

  override export(spans: ReadableSpan[], callback: (result: ExportResult) => void): void {
    super.export(spans, callback)
    for (const { name, resolve } of this.expected) if (spans.some(span => span.name === name)) resolve()
  }

  /** Waits until a span was exported. */
  came(name: string): Promise<void> {
    return new Promise(resolve => this.expected.push({ name, resolve }))
  }

  /** Its lines, without times, bars and ids. */
  lines(): string[] {
    return this.written
      .join('')
      .split('\n')
      .map(line =>
        line
          .replace(/trace [\da-f]{32}/, 'trace …')
          .replace(/ +[\d.]+ ms +▕.*▏/, '')
          .trimEnd(),
      )
      .map(line => line.replace(/, [\d.]+ ms$/, ''))
      .filter(Boolean)
  }
}
