import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { ROOT } from '../root.ts'
import { checkPages, listPages } from './check.ts'

/** Checks every block of code on every page; with paths of pages, only those. */
async function main(): Promise<void> {
  const named = process.argv.slice(2)
  const pages = named.length > 0 ? named : listPages()
  const texts = pages.map(page => [page, readFileSync(join(ROOT, page), 'utf8')])
  const problems = await checkPages(Object.fromEntries(texts) as Record<string, string>)
  if (problems.length === 0) return
  process.stderr.write(`${problems.join('\n')}\n`)
  process.exitCode = 1
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
