import { setTimeout as pause } from 'node:timers/promises'
import { setFlagsFromString, writeHeapSnapshot } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { ProxyTracerProvider, trace } from '@opentelemetry/api'

import type { Weight } from '../protocol.ts'
import type { Application } from './application.ts'

/** Long enough for what Node does after a response, such as ending an idle connection. */
const SETTLING = 200
const COLLECTIONS = 4

/**
 * Has all garbage collected, and reads what is left.
 * @param snapshot file that a heap snapshot is written to
 */
export async function weigh(
  { watched, letGo }: Pick<Application, 'watched' | 'letGo'>,
  snapshot: string,
): Promise<Weight> {
  await flush()
  await letGo()
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let round = 0; round < COLLECTIONS; round++) {
    await pause(SETTLING)
    collect()
  }
  const weight = { heapBytes: process.memoryUsage().heapUsed, survivors: watched.survivors }
  writeHeapSnapshot(snapshot)
  return weight
}

/** Has the spans exported that wait for a full batch. */
async function flush(): Promise<void> {
  const provider = trace.getTracerProvider()
  const sdk = provider instanceof ProxyTracerProvider ? provider.getDelegate() : provider
  await (sdk as { forceFlush?: () => Promise<void> }).forceFlush?.()
}
