import type { Checkpoint } from '../memory.ts'

/** What a run of the memory benchmark saw. */
export interface MemoryResults {
  readonly date: string
  /** Version of Node. */
  readonly node: string
  readonly checkpoints: readonly Checkpoint[]
}

/** The course of the heap as a table for the terminal, and what is still reachable at its end. */
export function memoryTable(checkpoints: readonly Checkpoint[]): string {
  const lines = checkpoints.map(checkpoint => {
    const [requests, ...cells] = heapCells(checkpoints, checkpoint)
    return `  ${requests?.padStart(9)} requests  ${cells.join('  ')}`
  })
  return [
    'Heap after all garbage was collected, and what of it the program made; behind each how far it is from the first',
    ...lines,
    lastSurvivors(checkpoints),
  ].join('\n')
}

/** Requests, heap, what of it the program made; behind each of the two how far it is from the first checkpoint. */
export function heapCells([first]: readonly Checkpoint[], checkpoint: Checkpoint): readonly string[] {
  const { requests, heapBytes, programBytes } = checkpoint
  return [
    String(requests),
    megabytes(heapBytes),
    percents(deviation(first?.heapBytes, heapBytes)),
    megabytes(programBytes),
    percents(deviation(first?.programBytes, programBytes)),
  ]
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`
}

function percents(part: number): string {
  return `${part < 0 ? '−' : '+'}${Math.abs(part * 100).toFixed(2)} %`
}

/** What can still be reached at the end, and the outcome of all spans. */
export function lastSurvivors(checkpoints: readonly Checkpoint[]): string {
  const last = checkpoints.at(-1)
  if (!last) return 'Nothing was measured'
  const { watched, spans, requests, responses } = last.survivors
  const { recorded, exported, dropped, waiting } = last.spans
  return [
    `Reachable of the last ${watched}: ${spans} spans, ${requests} requests, ${responses} responses`,
    `Spans: ${recorded} recorded = ${exported} exported + ${dropped} dropped + ${waiting} waiting`,
  ].join('. ')
}

/** How far what the program made may be from that of the first checkpoint, as a part of it. */
const TOLERANCE = 0.02

/** True when what the program made does not grow, nothing that is over can be reached, and every span is counted. */
export function isFlat(checkpoints: readonly Checkpoint[]): boolean {
  const last = checkpoints.at(-1)?.survivors
  const isCounted = checkpoints.every(
    ({ spans: { recorded, exported, dropped, waiting } }) => recorded === exported + dropped + waiting,
  )
  const first = checkpoints[0]?.programBytes
  const isEven = checkpoints.every(
    ({ programBytes }) => Math.abs(deviation(first, programBytes)) <= TOLERANCE,
  )
  return isEven && isCounted && last !== undefined && last.spans + last.requests + last.responses === 0
}

function deviation(first: number | undefined, bytes: number): number {
  return first ? bytes / first - 1 : 0
}
