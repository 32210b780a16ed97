/** What one exporter did with the spans it was given, so far. */
export class ExportCounts {
  exported = 0
  queueFull = 0
  failed = 0
  shutDown = 0
  /** The error of the last batch that could not be exported. */
  lastError: string | undefined

  get lost(): number {
    return this.queueFull + this.failed + this.shutDown
  }
}
