import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { packagesWithCost } from './report/cost.ts'
import { withCost, withMemory, withResults } from './report/document.ts'
import type { MemoryResults } from './report/memory.ts'
import { picture } from './report/picture.ts'
import type { Results } from './results.ts'

const BENCH = join(__dirname, '..')
const DOCS = join(BENCH, '..', 'docs')
const DOCUMENT = join(DOCS, 'performance.md')

/** Writes results.json, and from it docs/performance.md, its picture, and the costs in the READMEs of the packages. */
export async function publish(results: Results): Promise<void> {
  await writeFile(join(BENCH, 'results.json'), `${JSON.stringify(results, null, 2)}\n`)
  await writeFile(DOCUMENT, withResults(await readFile(DOCUMENT, 'utf8'), results))
  await writeFile(join(DOCS, 'performance.svg'), picture(results))
  for (const name of packagesWithCost(results)) {
    const readme = join(BENCH, '..', 'packages', name, 'README.md')
    await writeFile(readme, withCost(await readFile(readme, 'utf8'), results, name))
  }
}

/** Writes the course of the heap to docs/performance.md. */
export async function publishMemory(results: MemoryResults): Promise<void> {
  await writeFile(DOCUMENT, withMemory(await readFile(DOCUMENT, 'utf8'), results))
}
