import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { OnProgress } from './course.ts'
import { type HeapSnapshot, programBytesIn } from './heap-snapshot.ts'
import { Load } from './load.ts'
import type { Weight } from './measured/protocol.ts'
import { MeasuredProcess } from './measured-process.ts'
import { Services } from './services.ts'

/** The heap after a number of requests. */
export interface Checkpoint extends Weight {
  readonly requests: number
  /** The part of the heap that is not V8's own. */
  readonly programBytes: number
}

const FULL = [100_000, 500_000, 1_000_000]
const QUICK = [2_000, 6_000, 10_000]
const STEP = 10_000

/** Sends requests to a traced application, and looks at its heap on the way. */
export async function measureMemory(isQuick: boolean, onProgress: OnProgress): Promise<Checkpoint[]> {
  const services = new Services()
  try {
    const database = await services.serviceFor('postgres', 'sampled')
    const upstream = await services.serviceFor('upstream', 'sampled')
    const measured = await MeasuredProcess.start({
      library: 'memory',
      variant: 'spanwright',
      state: 'sampled',
      service: database.address,
      upstream: upstream.address,
      sink: '',
    })
    try {
      return await followHeap(measured, isQuick ? QUICK : FULL, onProgress)
    } finally {
      await measured.end()
    }
  } finally {
    await services.close()
  }
}

async function followHeap(
  measured: MeasuredProcess,
  stops: readonly number[],
  onProgress: OnProgress,
): Promise<Checkpoint[]> {
  const checkpoints: Checkpoint[] = []
  let sent = 0
  for (const stop of stops) {
    while (sent < stop) {
      const step = Math.min(STEP, stop - sent)
      // Connections are closed before the heap is looked at: a request is held by its socket.
      const load = await Load.connect(measured.port, 'sampled')
      await load.send(step)
      load.close()
      sent += step
      onProgress(`memory: ${sent} of ${stops.at(-1)} requests`)
    }
    checkpoints.push({ requests: sent, ...(await weigh(measured)) })
  }
  return checkpoints
}

async function weigh(measured: MeasuredProcess): Promise<Omit<Checkpoint, 'requests'>> {
  const folder = await mkdtemp(join(tmpdir(), 'spanwright-bench-'))
  try {
    const file = join(folder, 'weighed.heapsnapshot')
    const weight = await measured.weigh(file)
    const snapshot = JSON.parse(await readFile(file, 'utf8')) as HeapSnapshot
    return { ...weight, programBytes: programBytesIn(snapshot) }
  } finally {
    await rm(folder, { recursive: true })
  }
}
