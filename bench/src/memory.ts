import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { OnProgress } from './course.ts'
import { type HeapSnapshot, programBytesIn } from './heap-snapshot.ts'
import { Load } from './load.ts'
import type { Assignment, Weight } from './measured/protocol.ts'
import { MeasuredProcess } from './measured-process.ts'
import type { NodeRelease } from './node.ts'
import { Services } from './services.ts'
import { startSink } from './sink.ts'

/** The heap after a number of requests. */
export interface Checkpoint extends Weight {
  readonly requests: number
  /** The part of the heap that is not V8's own. */
  readonly programBytes: number
}

const FULL = [100_000, 500_000, 1_000_000]
const QUICK = [2_000, 6_000, 10_000]
const STEP = 10_000

/** Milliseconds that the collector takes for each batch: longer than a batch takes to fill. */
const SLOW = 300

/** Sends requests to a traced application, and looks at its heap on the way. */
export async function measureMemory(
  isQuick: boolean,
  { execPath }: NodeRelease,
  onProgress: OnProgress,
): Promise<Checkpoint[]> {
  const services = new Services()
  const sink = await startSink(SLOW)
  try {
    const database = await services.serviceFor('postgres', 'exported')
    const upstream = await services.serviceFor('upstream', 'exported')
    const assignment: Assignment = {
      library: 'memory',
      variant: 'spanwright',
      state: 'exported',
      service: database.address,
      upstream: upstream.address,
      sink: sink.urlFor(0),
    }
    const measured = await MeasuredProcess.start(assignment, execPath)
    try {
      return await followHeap(measured, isQuick ? QUICK : FULL, onProgress)
    } finally {
      await measured.end()
    }
  } finally {
    await services.close()
    sink.close()
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
      const load = await Load.connect(measured.port, 'exported')
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
