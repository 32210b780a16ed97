import { NAMES, VARIANTS } from '../configurations.ts'
import { LIBRARIES } from '../libraries.ts'
import type { SdkState, Variant } from '../measured/protocol.ts'
import { bareOf, type LibraryResult, type Results, rowOf } from '../results.ts'
import { costSection } from './cost.ts'
import { type GoalFigure, goalsOf } from './goals.ts'
import { heapCells, lastSurvivors, type MemoryResults } from './memory.ts'
import { short, times } from './numbers.ts'
import { summarySection } from './summary.ts'
import { table } from './table.ts'

/** Two marks between which a document keeps a place for what a run writes. */
interface Place {
  readonly begin: string
  readonly end: string
}

const SUMMARY: Place = {
  begin: '<!-- summary: written by npm run bench -->',
  end: '<!-- end of summary -->',
}

const RESULTS: Place = {
  begin: '<!-- results: written by npm run bench -->',
  end: '<!-- end of results -->',
}

const MEMORY: Place = {
  begin: '<!-- memory: written by npm run bench -- memory -->',
  end: '<!-- end of memory -->',
}

const COST: Place = {
  begin: '<!-- cost: written by npm run bench -->',
  end: '<!-- end of cost -->',
}

/**
 * A document with the results in the places that are kept for them. The text around them is kept.
 * @throws Error when the document keeps no place
 */
export function withResults(document: string, results: Results): string {
  return fill(fill(document, SUMMARY, summarySection(results)), RESULTS, resultsSection(results))
}

/**
 * The README of a package with what it costs.
 * @throws Error when the document keeps no place
 */
export function withCost(readme: string, results: Results, family: string): string {
  return fill(readme, COST, costSection(results, family))
}

/**
 * The same with the course of the heap.
 * @throws Error when the document keeps no place
 */
export function withMemory(document: string, results: MemoryResults): string {
  return fill(document, MEMORY, memorySection(results))
}

function fill(document: string, { begin, end }: Place, section: string): string {
  const from = document.indexOf(begin)
  const to = document.indexOf(end)
  if (from < 0 || to < from) throw new Error(`the document has no place between ${begin} and ${end}`)
  return `${document.slice(0, from)}${begin}\n\n${section}\n\n${document.slice(to)}`
}

/** Results as a part of a document. */
export function resultsSection(results: Results): string {
  const measured = results.libraries.filter(({ skipped }) => skipped === undefined)
  return [
    '### In relation to each other',
    goalsTable(measured),
    ...measured.map(libraryTable),
    ...measured
      .filter(({ library }) => library === 'express')
      .flatMap(result => ['### What a process needs besides', footprintTable(result)]),
    ...results.libraries.filter(({ skipped }) => skipped !== undefined).map(skippedNote),
    '### Versions',
    versionsList(results),
  ].join('\n\n')
}

function goalsTable(measured: readonly LibraryResult[]): string {
  const rows = measured.map(goalsOf).filter(figures => figures !== undefined)
  return table(
    [
      'library',
      'OpenTelemetry to spanwright',
      'spanwright to by hand on OpenTelemetry',
      'spanwright to by hand on spanwright',
      'nothing sampled: OpenTelemetry to spanwright',
      'no SDK: spanwright',
    ],
    rows.map(({ title, otel, byHandOtel, byHand, unsampled, withoutSdk }) => [
      title,
      ratioCell(otel, 'at least'),
      ratioCell(byHandOtel, 'at most'),
      ratioCell(byHand, 'at most'),
      ratioCell(unsampled, 'at least'),
      `${withoutSdk.value === undefined ? '–' : short(withoutSdk.value)} µs (goal: at most ${withoutSdk.goal})${mark(withoutSdk)}`,
    ]),
  )
}

function ratioCell(figure: GoalFigure, bound: 'at least' | 'at most'): string {
  return `${times(figure.value)} (goal: ${bound} ${figure.goal})${mark(figure)}`
}

function mark({ isReached }: GoalFigure): string {
  return isReached === undefined ? '' : isReached ? '' : ', not reached'
}

const STATES: readonly SdkState[] = ['none', 'unsampled', 'exported']

function libraryTable(result: LibraryResult): string {
  const library = LIBRARIES.find(({ name }) => name === result.library)
  const bare = rowOf(result, 'bare', 'none')
  const head = `### ${library?.title ?? result.library}`
  const bareLine =
    bare?.cpu && bare.bytes
      ? `Without tracing: ${short(bare.cpu.median)} µs (${short(bare.cpu.min)} to ${short(bare.cpu.max)}) and ${kilobytes(bare.bytes.median)} per ${library?.operation}. On top of that:`
      : 'The program without tracing could not be measured.'
  const variants = VARIANTS.filter(variant => variant !== 'bare' && hasRow(result, variant))
  return [
    head,
    bareLine,
    table(
      [
        'variant',
        'no SDK',
        'nothing sampled',
        'everything exported',
        'allocated',
        'spans per call',
        'spans lost',
      ],
      variants.map(variant => [
        NAMES[variant],
        ...STATES.map(state => overheadCell(result, variant, state)),
        allocationCell(result, variant),
        spansCell(result, variant),
        lostCell(result, variant),
      ]),
    ),
  ].join('\n\n')
}

/** What a process needs besides CPU time, where everything is exported. */
function footprintTable(result: LibraryResult): string {
  const rows = result.rows.filter(({ variant, state, group }) =>
    variant === 'bare' ? group === 0 : state === 'exported',
  )
  return table(
    ['variant', 'start-up', 'resident memory under load', 'longest delay of the event loop under load'],
    rows.map(({ variant, startUp, residentBytes, longestDelay }) => [
      NAMES[variant],
      startUp ? `${short(startUp.median)} ms` : '–',
      residentBytes === undefined ? '–' : `${short(residentBytes / 1e6)} MB`,
      longestDelay === undefined ? '–' : `${short(longestDelay)} ms`,
    ]),
  )
}

function hasRow(result: LibraryResult, variant: Variant): boolean {
  return result.rows.some(row => row.variant === variant)
}

function overheadCell(result: LibraryResult, variant: Variant, state: SdkState): string {
  const row = rowOf(result, variant, state)
  if (row?.failed !== undefined) return 'failed'
  const bare = row && bareOf(result, row)?.cpu
  if (!row?.cpu || !bare) return '–'
  const { median, min, max } = row.cpu
  return `${short(median - bare.median)} µs (${short(min - bare.median)} to ${short(max - bare.median)})`
}

function allocationCell(result: LibraryResult, variant: Variant): string {
  const row = rowOf(result, variant, 'exported')
  const bare = row && bareOf(result, row)?.bytes
  return row?.bytes && bare ? kilobytes(row.bytes.median - bare.median) : '–'
}

function spansCell(result: LibraryResult, variant: Variant): string {
  const spans = rowOf(result, variant, 'exported')?.spans
  return spans === undefined ? '–' : String(Math.round(spans * 10) / 10)
}

function lostCell(result: LibraryResult, variant: Variant): string {
  const lost = rowOf(result, variant, 'exported')?.lost
  return lost === undefined ? '–' : `${short(lost * 100)} %`
}

const FROM_FIRST = 'from the first'

function memorySection({ date, node, checkpoints }: MemoryResults): string {
  return [
    `Measured on ${date} with Node ${node}.`,
    table(
      ['requests', 'heap after all garbage was collected', FROM_FIRST, 'made by the program', FROM_FIRST],
      checkpoints.map(checkpoint => heapCells(checkpoints, checkpoint)),
    ),
    `${lastSurvivors(checkpoints)}.`,
  ].join('\n\n')
}

function skippedNote({ library, skipped }: LibraryResult): string {
  return `### ${library}\n\nLeft out: ${skipped}`
}

function kilobytes(bytes: number): string {
  return `${short(bytes / 1000)} kB`
}

function versionsList({ versions }: Results): string {
  return Object.entries(versions)
    .map(([name, version]) => `${name} ${version.replace(/^v/, '')}`)
    .join(', ')
}
