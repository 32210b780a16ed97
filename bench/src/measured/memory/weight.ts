import { setTimeout as pause } from 'node:timers/promises'
import { setFlagsFromString, writeHeapSnapshot } from 'node:v8'
import { runInNewContext } from 'node:vm'

import type { Tracing } from '@spanwright/sdk'

import type { SpanTally, Weight } from '../protocol.ts'
import type { Application } from './application.ts'

/** Long enough for what Node does after a response, such as ending an idle connection. */
const SETTLING = 200
const COLLECTIONS = 4

/**
 * Has all garbage collected, and reads what is left.
 * @param snapshot file that a heap snapshot is written to
 */
export async function weigh(
  { watched, tracing, letGo }: Pick<Application, 'watched' | 'tracing' | 'letGo'>,
  snapshot: string,
): Promise<Weight> {
  await tracing.forceFlush()
  await letGo()
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let round = 0; round < COLLECTIONS; round++) {
    await pause(SETTLING)
    collect()
  }
  const heapBytes = process.memoryUsage().heapUsed
  const weight = { heapBytes, survivors: watched.survivors, spans: tally(tracing) }
  writeHeapSnapshot(snapshot)
  return weight
}

/** Outcome of the spans so far, each counted once. */
function tally(tracing: Tracing): SpanTally {
  const { ended, exporters } = tracing.counts()
  const [{ exported = 0, waiting = 0, dropped } = {}] = exporters
  const lost = Object.values(dropped ?? {}).reduce((sum, count) => sum + count, 0)
  return { recorded: ended, exported, dropped: lost, waiting }
}
