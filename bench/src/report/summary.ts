import { NAMES } from '../configurations.ts'
import { LIBRARIES } from '../libraries.ts'
import type { Variant } from '../measured/protocol.ts'
import { type LibraryResult, overheadOf, type Results, rowOf } from '../results.ts'
import { short } from './numbers.ts'
import { table } from './table.ts'

const SUMMARY_VARIANTS: readonly Variant[] = ['spanwright', 'by-hand-otel', 'otel', 'dd-trace', 'sentry']

/** What a user wants to know first: the picture, and the medians in one table. */
export function summarySection(results: Results): string {
  const measured = results.libraries.filter(({ skipped }) => skipped === undefined)
  return [
    ...answer(measured),
    '![CPU time that tracing adds to an operation, by library and variant](performance.svg)',
    table(
      ['CPU time in µs', 'without tracing', ...SUMMARY_VARIANTS.map(variant => `+ ${NAMES[variant]}`)],
      measured.filter(hasGoals).map(summaryRow),
    ),
    provenance(results),
  ].join('\n\n')
}

/** The answer in a sentence, for the operation that is most like a real one. */
function answer(measured: readonly LibraryResult[]): string[] {
  const service = measured.find(({ library }) => library === 'service')
  const bare = service && rowOf(service, 'bare', 'none')?.cpu
  if (!bare) return []
  const costs = (['spanwright', 'otel', 'dd-trace', 'sentry'] as const).flatMap(variant => {
    const overhead = overheadOf(service, variant, 'exported')
    return overhead === undefined ? [] : [`${short(overhead)} µs with ${NAMES[variant]}`]
  })
  return [
    `An Express request that makes three queries and a call takes ${short(bare.median)} µs of CPU time without tracing. Tracing it adds ${costs.join(', ')}.`,
  ]
}

function summaryRow(result: LibraryResult): string[] {
  const bare = rowOf(result, 'bare', 'none')?.cpu
  const library = LIBRARIES.find(({ name }) => name === result.library)
  return [
    `${library?.title}, per ${library?.operation}`,
    bare ? short(bare.median) : '–',
    ...SUMMARY_VARIANTS.map(variant => {
      const overhead = overheadOf(result, variant, 'exported')
      return overhead === undefined ? '–' : short(overhead)
    }),
  ]
}

/** The other rows compare parts of an SDK. */
function hasGoals({ library }: LibraryResult): boolean {
  return LIBRARIES.find(({ name }) => name === library)?.goals !== undefined
}

function provenance(results: Results): string {
  const { date, machine, loadBefore, versions, generations, rounds, secondsPerRound } = results
  const { cpu, cores, memoryGigabytes, system } = machine
  const processes = generations === 1 ? '1 process' : `${generations} processes`
  const line =
    `Measured on ${date}: ${cpu}, ${cores} cores, ${memoryGigabytes} GB, ${system}, Node ${versions['node']}; ` +
    `${processes} per variant, ${rounds} rounds of ${secondsPerRound} s in each.`
  return loadBefore < cores / 2 ? line : `${line}\n\n${busyNote(loadBefore, cores)}`
}

function busyNote(load: number, cores: number): string {
  return (
    `**The machine was busy with other work (a load of ${short(load)} on ${cores} cores before the run): ` +
    'these times and ratios say little.**'
  )
}
