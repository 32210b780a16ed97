import type { SpanInWords } from '../traces.ts'

/** A trace of 10,001 spans. */
export const LARGE: readonly SpanInWords[] = [
  { id: '1', name: 'import catalogue', service: 'importer', at: [0, 60_000] },
  ...Array.from({ length: 10_000 }, (_, index): SpanInWords => {
    const isGroup = index % 20 === 0
    return {
      id: String(index + 2),
      parent: isGroup ? '1' : String(index - (index % 20) + 2),
      service: isGroup ? 'importer' : 'catalogue',
      name: isGroup ? `batch ${index / 20 + 1}` : `write row ${index}`,
      at: [6 * index, 6 * index + (isGroup ? 119 : 5)],
      failed: false,
    }
  }),
]
