import { LIBRARIES } from '../libraries.ts'
import type { SdkState, Variant } from '../measured/protocol.ts'
import { bareOf, type LibraryResult, overheadOf, type Results, rowOf } from '../results.ts'
import { short } from './numbers.ts'
import { table } from './table.ts'

/** Names of the packages whose README shows what they cost. */
export function packagesWithCost(results: Results): string[] {
  const families = LIBRARIES.filter(({ goals, name }) => goals && measuredOf(results, name)).map(
    ({ family }) => family,
  )
  return [...new Set(families)].filter(family => family !== 'service')
}

/** What the operations of one package cost, for its README. */
export function costSection(results: Results, family: string): string {
  const rows = LIBRARIES.filter(library => library.family === family && library.goals).flatMap(
    ({ name, title, operation }) => {
      const result = measuredOf(results, name)
      return result ? [costRow(result, `${title}, per ${operation}`)] : []
    },
  )
  return table(
    [
      'CPU time in µs',
      'without tracing',
      '+ spanwright, without an SDK',
      '+ spanwright, everything exported',
      '+ by hand on OpenTelemetry',
      '+ OpenTelemetry',
      'allocated by spanwright',
    ],
    rows,
  )
}

function measuredOf({ libraries }: Results, name: string): LibraryResult | undefined {
  return libraries.find(({ library, skipped }) => library === name && skipped === undefined)
}

function costRow(result: LibraryResult, title: string): string[] {
  const bare = rowOf(result, 'bare', 'none')?.cpu
  const cell = (variant: Variant, state: SdkState): string => {
    const overhead = overheadOf(result, variant, state)
    return overhead === undefined ? '–' : short(overhead)
  }
  const own = rowOf(result, 'spanwright', 'exported')
  const bytes = own && bareOf(result, own)?.bytes
  return [
    title,
    bare ? short(bare.median) : '–',
    cell('spanwright', 'none'),
    cell('spanwright', 'exported'),
    cell('by-hand-otel', 'exported'),
    cell('otel', 'exported'),
    own?.bytes && bytes ? `${short((own.bytes.median - bytes.median) / 1000)} kB` : '–',
  ]
}
