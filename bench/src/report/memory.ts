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
    const [requests, heap, program, distance] = heapCells(checkpoints, checkpoint)
    return `  ${requests?.padStart(9)} requests  ${heap}  ${program}  ${distance}`
  })
  return [
    'Heap after all garbage was collected, what of it the program made, and the distance of that from the first',
    ...lines,
    lastSurvivors(checkpoints),
  ].join('\n')
}

/** Requests, heap, what of it the program made, and how far that is from the first checkpoint. */
export function heapCells(checkpoints: readonly Checkpoint[], checkpoint: Checkpoint): readonly string[] {
  const { requests, heapBytes, programBytes } = checkpoint
  const change = deviationOf(checkpoints, checkpoint)
  const sign = change < 0 ? '−' : '+'
  return [
    String(requests),
    ...[heapBytes, programBytes].map(bytes => `${(bytes / 1e6).toFixed(2)} MB`),
    `${sign}${Math.abs(change * 100).toFixed(2)} %`,
  ]
}

/** What can still be reached at the end. */
export function lastSurvivors(checkpoints: readonly Checkpoint[]): string {
  const last = checkpoints.at(-1)?.survivors
  if (!last) return 'Nothing was measured'
  const { watched, spans, requests, responses } = last
  return `Reachable of the last ${watched}: ${spans} spans, ${requests} requests, ${responses} responses`
}

/** How far what the program made may be from that of the first checkpoint, as a part of it. */
const TOLERANCE = 0.02

/** True when what the program made does not grow and nothing that is over can be reached. */
export function isFlat(checkpoints: readonly Checkpoint[]): boolean {
  const last = checkpoints.at(-1)?.survivors
  const isEven = checkpoints.every(checkpoint => Math.abs(deviationOf(checkpoints, checkpoint)) <= TOLERANCE)
  return isEven && last !== undefined && last.spans + last.requests + last.responses === 0
}

/** How far what the program made is from that of the first checkpoint, as a part of it. */
function deviationOf([first]: readonly Checkpoint[], { programBytes }: Checkpoint): number {
  return first ? programBytes / first.programBytes - 1 : 0
}
