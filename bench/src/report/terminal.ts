import { LIBRARIES } from '../libraries.ts'
import { type LibraryResult, overheadOf, type Results, type Row } from '../results.ts'
import { short } from './numbers.ts'

const HEAD = ['variant', 'SDK', 'CPU µs', 'min', 'max', 'over bare', 'bytes', 'spans']

/** Results as a table for the terminal. */
export function terminalTable({ libraries }: Pick<Results, 'libraries'>): string {
  return libraries.map(librarySection).join('\n\n')
}

function librarySection(result: LibraryResult): string {
  const { title, operation } = LIBRARIES.find(({ name }) => name === result.library) ?? {
    title: result.library,
    operation: 'operation',
  }
  const heading = `${title}, per ${operation}`
  if (result.skipped !== undefined) return `${heading}\n  skipped: ${result.skipped}`
  const lines = aligned([HEAD, ...result.rows.map(row => cells(result, row))])
  return [heading, ...lines.map(line => `  ${line}`)].join('\n')
}

function cells(result: LibraryResult, row: Row): string[] {
  const { variant, state, cpu, bytes, spans, failed } = row
  const sdk = variant === 'bare' ? '' : state
  if (!cpu || !bytes) return [variant, sdk, `failed: ${failed?.split('\n', 1)[0] ?? ''}`]
  const overhead = variant === 'bare' ? undefined : overheadOf(result, variant, state)
  return [
    variant,
    sdk,
    short(cpu.median),
    short(cpu.min),
    short(cpu.max),
    overhead === undefined ? '' : short(overhead),
    bytes.median.toFixed(0),
    spans === undefined || variant === 'bare' ? '' : short(spans),
  ]
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = HEAD.map((_, column) =>
    Math.max(...rows.filter(row => row.length === HEAD.length).map(row => row[column]?.length ?? 0)),
  )
  return rows.map(row =>
    row
      .map((cell, column) =>
        column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  )
}
