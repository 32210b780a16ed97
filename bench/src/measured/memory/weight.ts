import { setTimeout as pause } from 'node:timers/promises'
import { getHeapCodeStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { ProxyTracerProvider, trace } from '@opentelemetry/api'

import type { Weight } from '../protocol.ts'
import type { Watched } from './watched.ts'

/** Long enough for what Node does after a response, such as ending an idle connection. */
const SETTLING = 200
const COLLECTIONS = 4

/** Has all garbage collected, and reads what is left. */
export async function weigh(watched: Watched): Promise<Weight> {
  await flush()
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let round = 0; round < COLLECTIONS; round++) {
    await pause(SETTLING)
    collect()
  }
  const { code_and_metadata_size: compiled, bytecode_and_metadata_size: bytecode } = getHeapCodeStatistics()
  return {
    heapBytes: process.memoryUsage().heapUsed,
    codeBytes: compiled + bytecode,
    survivors: watched.survivors,
  }
}

/** Has the spans exported that wait for a full batch. */
async function flush(): Promise<void> {
  const provider = trace.getTracerProvider()
  const sdk = provider instanceof ProxyTracerProvider ? provider.getDelegate() : provider
  await (sdk as { forceFlush?: () => Promise<void> }).forceFlush?.()
}
