import { readFile, writeFile } from 'node:fs/promises'
import { loadavg } from 'node:os'
import { join } from 'node:path'

import type { Arguments } from './arguments.ts'
import { measureLibrary, type OnProgress } from './course.ts'
import { machine, versions } from './environment.ts'
import { LIBRARIES } from './libraries.ts'
import { withResults } from './report/document.ts'
import { picture } from './report/picture.ts'
import type { LibraryResult, Results } from './results.ts'
import { Services } from './services.ts'
import { startSink } from './sink.ts'

const BENCH = join(__dirname, '..')
const DOCS = join(BENCH, '..', 'docs')

/** Measures what tracing costs, library by library. */
export async function measureOverhead(asked: Arguments, onProgress: OnProgress): Promise<Results> {
  const [loadBefore = 0] = loadavg()
  const sink = await startSink()
  const services = new Services()
  const flags = asked.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${asked.profile}`]
  const libraries: LibraryResult[] = []
  try {
    for (const library of LIBRARIES.filter(({ name }) => asked.libraries.includes(name))) {
      libraries.push(
        await measureLibrary(library, asked.variants, asked.pace, { services, sink, flags }, onProgress),
      )
    }
  } finally {
    await services.close()
    sink.close()
  }
  const { generations, rounds, measured } = asked.pace
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: machine(),
    loadBefore,
    versions: versions(),
    generations,
    rounds,
    secondsPerRound: measured,
    libraries,
  }
}

/** Writes results.json, and from it docs/performance.md and its picture. */
export async function publish(results: Results): Promise<void> {
  await writeFile(join(BENCH, 'results.json'), `${JSON.stringify(results, null, 2)}\n`)
  const path = join(DOCS, 'performance.md')
  await writeFile(path, withResults(await readFile(path, 'utf8'), results))
  await writeFile(join(DOCS, 'performance.svg'), picture(results))
}
