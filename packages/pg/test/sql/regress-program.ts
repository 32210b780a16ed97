// Compares summaries and masked texts with PostgreSQL's own parser, for all scripts of a folder:
//   npm run test:pg-regress -- /path/to/postgres/src/test/regress/sql
// PostgreSQL's regression tests are in its source, which isn't part of this repository.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { loadModule } from 'libpg-query'

import { readStatement } from '../../src/sql/statement.ts'
import { compare, LONGEST, maskingFault } from './compare.ts'
import { statementsIn } from './script.ts'

/** What is wrong with a statement; undefined when PostgreSQL's parser refuses it. */
function faultsOf(text: string): string[] | undefined {
  const faults: string[] = []
  const { summary } = readStatement(text, true)
  if (summary.length > LONGEST) faults.push(`a summary of ${summary.length} characters`)
  const masked = maskingFault(text)
  if (masked) faults.push(masked)
  const targets = compare(text)
  if (targets && JSON.stringify(targets.own) !== JSON.stringify(targets.found))
    faults.push(`${JSON.stringify(targets.own)}, but PostgreSQL says ${JSON.stringify(targets.found)}`)
  return targets || masked !== undefined ? faults : undefined
}

async function main(folder: string | undefined): Promise<void> {
  if (folder === undefined) throw new Error('usage: npm run test:pg-regress -- <folder of SQL scripts>')
  await loadModule()
  const counts = { passed: 0, failed: 0, refused: 0 }
  const scripts = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name =>
    name.endsWith('.sql'),
  )
  for (const name of scripts) {
    for (const text of statementsIn(readFileSync(join(folder, name), 'utf8'))) {
      const faults = faultsOf(text)
      counts[faults ? (faults.length > 0 ? 'failed' : 'passed') : 'refused']++
      for (const fault of faults ?? []) console.error(`${name}: ${fault}\n${text.trim()}\n`)
    }
  }
  console.log(`${scripts.length} scripts; ${counts.refused} statements that PostgreSQL refuses`)
  console.log(`${counts.passed} passed, ${counts.failed} failed`)
  if (counts.failed > 0 || counts.passed === 0) process.exitCode = 1
}

void main(process.argv[2])
