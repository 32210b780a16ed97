import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startKafka, startPostgres } from '@spanwright/services'

import { packAll, type Tarball } from '../pack.ts'
import { environment, INSTALL, runIn } from '../project.ts'
import { writeTable } from './document.ts'
import { NODES, type Row, ROWS } from './rows.ts'

const PROGRAMS = join(__dirname, 'programs')
const AT_A_TIME = 2

/** One version of a library, installed once and tested on several versions of Node. */
interface Cell {
  readonly row: Row
  readonly version: string
  readonly nodes: readonly number[]
}

/** `--sample`: only the oldest and newest version of each library, on one version of Node each. */
const isSample = process.argv.includes('--sample')
const only = process.argv.slice(2).find(argument => !argument.startsWith('--'))

async function main(): Promise<void> {
  const parent = await mkdtemp(join(tmpdir(), 'spanwright-matrix-'))
  const results = new Map<string, boolean>()
  await using database = await startPostgres()
  const kafka = await startKafka()
  try {
    const tarballs = await packAll(join(parent, 'tarballs'))
    const services = { DATABASE_URL: database.connectionString, KAFKA_BROKERS: kafka.brokers.join() }
    const waiting = cellsOf().map((cell, index) => ({ cell, folder: join(parent, `cell-${index}`) }))
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        await tryCell(next.cell, next.folder, tarballs, services, results)
      }
    }
    await Promise.all(Array.from({ length: AT_A_TIME }, work))
  } finally {
    await kafka.stop()
    await rm(parent, { recursive: true, force: true })
  }
  if ([...results.values()].includes(false)) process.exitCode = 1
  else if (!isSample && only === undefined) await writeTable(results)
}

function cellsOf(): Cell[] {
  return ROWS.filter(({ name }) => only === undefined || name.includes(only)).flatMap(row => {
    const versions = Object.keys(row.versions)
    const chosen = isSample
      ? versions.filter((_, index) => index % (versions.length - 1 || 1) === 0)
      : versions
    return chosen.map((version, index) => {
      const nodes = NODES.filter(node => node >= (row.oldestNode?.[version] ?? 0))
      return {
        row,
        version,
        nodes: isSample ? nodes.slice(-1 - (index % 2), nodes.length - (index % 2)) : nodes,
      }
    })
  })
}

async function tryCell(
  { row, version, nodes }: Cell,
  folder: string,
  tarballs: readonly Tarball[],
  services: NodeJS.ProcessEnv,
  results: Map<string, boolean>,
): Promise<void> {
  const ours = tarballs.filter(({ manifest: { name } }) =>
    ['core', ...row.uses].includes(name.replace('@spanwright/', '')),
  )
  const dependencies = {
    ...Object.fromEntries(ours.map(({ manifest, path }) => [manifest.name, `file:${path}`])),
    '@opentelemetry/api': '^1.9.0',
    ...row.versions[version],
  }
  await mkdir(folder, { recursive: true })
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ private: true, type: 'module', dependencies }),
  )
  await copyFile(join(PROGRAMS, `${row.program}.mjs`), join(folder, 'program.mjs'))
  const env = environment(folder, services)
  for (const node of nodes) {
    const label = `${row.name} ${version} on Node ${node}`
    try {
      if (node === nodes[0]) await runIn(folder, env, INSTALL)
      await runIn(folder, env, ['node', 'program.mjs'], node)
      results.set(`${row.name} ${version} ${node}`, true)
      process.stdout.write(`✓ ${label}\n`)
    } catch (error) {
      results.set(`${row.name} ${version} ${node}`, false)
      process.stdout.write(`✗ ${label}: ${(error as { stderr?: string }).stderr ?? String(error)}\n`)
    }
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  process.exitCode = 1
})
