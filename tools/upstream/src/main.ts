import { resolve } from 'node:path'

import { startKafka, startPostgres } from '@spanwright/services'

import { LIBRARIES, type Library } from './libraries.ts'
import { newFailures } from './outcome.ts'
import { type Run, runTests } from './run.ts'

const HELP = `npm run test:upstream -- <library> <checkout> [runs]

  library   ${Object.keys(LIBRARIES).join(', ')}
  checkout  a checkout of its repository, with its dependencies installed
  runs      how often a test must fail with tracing, and pass without, to count. Default: 3

Runs the tests of a library without tracing and with it, and prints what fails only with it.`

/** Runs the tests both ways until no test has failed only with tracing, or until the number of runs is reached. */
async function compare(
  library: Library,
  folder: string,
  runs: number,
  env: Readonly<Record<string, string>>,
): Promise<string[]> {
  const bare: Run[] = []
  const traced: Run[] = []
  for (let left = runs; left > 0; left--) {
    for (const [isTraced, list] of [
      [false, bare],
      [true, traced],
    ] as const) {
      const run = await runTests(library, folder, isTraced, env)
      if (run.passed === 0) throw new Error('no test has passed: the library or its tracing does not load')
      list.push(run)
      const { passed, failed, spans } = run
      const counted = isTraced ? `; ${spans.started} spans started, ${spans.ended} ended` : ''
      console.log(`${isTraced ? 'traced' : 'bare  '}  ${passed} passed, ${failed.size} failed${counted}`)
    }
    if (failuresOf(library, bare, traced).length === 0) break
  }
  return failuresOf(library, bare, traced)
}

function failuresOf({ inherent = {} }: Library, bare: readonly Run[], traced: readonly Run[]): string[] {
  return newFailures(bare, traced).filter(
    name => !Object.keys(inherent).some(known => name.startsWith(known)),
  )
}

async function main([name = '', checkout = '', runs = '3']: readonly string[]): Promise<void> {
  const library = LIBRARIES[name]
  if (!library || checkout === '' || !(Number(runs) > 0)) {
    console.error(HELP)
    process.exitCode = 2
    return
  }
  const postgres = library.needs === 'postgres' ? await startPostgres() : undefined
  // Where the tests of kafkajs look for it.
  const kafka = library.needs === 'kafka' ? await startKafka({ port: 9092 }) : undefined
  try {
    const folder = resolve(checkout, library.folder ?? '')
    const failed = await compare(
      library,
      folder,
      Number(runs),
      postgres ? databaseOf(postgres.connectionString) : {},
    )
    for (const [test, reason] of Object.entries(library.inherent ?? {})) {
      console.log(`left out: ${test.trim()} (${reason})`)
    }
    console.log(failed.length === 0 ? 'nothing fails with tracing alone' : 'fails with tracing alone:')
    for (const test of failed) console.log(`  ${test}`)
    if (failed.length > 0) process.exitCode = 1
  } finally {
    await postgres?.stop()
    await kafka?.stop()
  }
}

/** The environment variables that PostgreSQL's own clients read. */
function databaseOf(url: string): Record<string, string> {
  const { hostname, port, username, password, pathname } = new URL(url)
  return {
    PGHOST: hostname,
    PGPORT: port,
    PGUSER: decodeURIComponent(username),
    PGPASSWORD: decodeURIComponent(password),
    PGDATABASE: pathname.slice(1),
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
