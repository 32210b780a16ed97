import { loadavg } from 'node:os'

import type { Arguments } from './arguments.ts'
import { measureLibrary, type OnProgress } from './course.ts'
import { machine, today, versions } from './environment.ts'
import { LIBRARIES } from './libraries.ts'
import type { LibraryResult, Results } from './results.ts'
import { nodeRelease } from './node.ts'
import { Services } from './services.ts'
import { startSink } from './sink.ts'

/**
 * While a process waits for its turn, V8 would tidy up: it collects what compiled code depends on, and the next round
 * begins with code that is slow again.
 */
const KEEP_WARM = '--no-memory-reducer'

/** Measures what tracing costs, library by library. */
export async function measureOverhead(asked: Arguments, onProgress: OnProgress): Promise<Results> {
  const [loadBefore = 0] = loadavg()
  const sink = await startSink()
  const services = new Services()
  const node = await nodeRelease(asked.node)
  const profiling = asked.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${asked.profile}`]
  const flags = [KEEP_WARM, ...profiling]
  const libraries: LibraryResult[] = []
  try {
    for (const library of LIBRARIES.filter(({ name }) => asked.libraries.includes(name))) {
      libraries.push(
        await measureLibrary(
          library,
          asked.variants,
          asked.pace,
          { services, sink, node, flags },
          onProgress,
        ),
      )
    }
  } finally {
    await services.close()
    sink.close()
  }
  const { generations, rounds, measured } = asked.pace
  return {
    date: today(),
    machine: machine(),
    loadBefore,
    versions: versions(node.version),
    generations,
    rounds,
    secondsPerRound: measured,
    libraries,
  }
}
