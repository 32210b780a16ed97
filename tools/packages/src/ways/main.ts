import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startKafka, startPostgres } from '@spanwright/services'

import { packAll, type Tarball } from '../pack.ts'
import { environment, INSTALL, runIn } from '../project.ts'
import { writeSource } from './sources.ts'
import { DOCUMENTED_WAYS } from './documented.ts'
import { walk } from './walk.ts'
import { type Way, WAYS } from './ways.ts'

/** The dependencies of every project. */
const USED = ['core', 'express', 'pg', 'sdk', 'testing', 'undici']
/** Does not compile where libraries are checked, because @types/koa does not. */
const NOT_COMPILED = 'koa'
const AT_A_TIME = 2

/** Creates a project for each way of use from the packed tarballs, and runs it: each traces Express, fetch and pg. */
async function main(): Promise<void> {
  const only = process.argv[2]
  const chosen = [...WAYS, ...DOCUMENTED_WAYS].filter(({ name }) => only === undefined || name.includes(only))
  const parent = await mkdtemp(join(tmpdir(), 'spanwright-ways-'))
  await using database = await startPostgres()
  await using kafka = await startKafka()
  const services = { DATABASE_URL: database.connectionString, KAFKA_BROKERS: kafka.brokers.join() }
  try {
    const tarballs = await packAll(join(parent, 'tarballs'))
    const waiting = chosen.map((way, index) => ({ way, folder: join(parent, `way-${index}`) }))
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        await report(next.way, tryWay(next.way, next.folder, tarballs, services))
      }
    }
    await Promise.all(Array.from({ length: AT_A_TIME }, work))
  } finally {
    await rm(parent, { recursive: true, force: true })
  }
}

async function report(way: Way, trying: Promise<void>): Promise<void> {
  const start = performance.now()
  try {
    await trying
    process.stdout.write(`✓ ${way.name} (${((performance.now() - start) / 1000).toFixed(1)} s)\n`)
  } catch (error) {
    const {
      stdout = '',
      stderr = '',
      message,
    } = error as { stdout?: string; stderr?: string; message: string }
    process.stdout.write(`✗ ${way.name}: ${message}\n${stdout}${stderr}\n`)
    process.exitCode = 1
  }
}

async function tryWay(
  way: Way,
  folder: string,
  tarballs: readonly Tarball[],
  services: NodeJS.ProcessEnv,
): Promise<void> {
  await mkdir(folder, { recursive: true })
  const used = tarballs.filter(({ manifest }) => {
    const name = manifest.name.replace('@spanwright/', '')
    return way.hasSubPaths ? name !== NOT_COMPILED : USED.includes(name)
  })
  const dependencies = way.installs
    ? dependenciesOf(way.installs, tarballs)
    : {
        ...Object.fromEntries(used.map(({ manifest, path }) => [manifest.name, `file:${path}`])),
        '@opentelemetry/api': '^1.9.0',
        express: '^5.0.0',
        pg: '^8.16.0',
        ...way.packages,
      }
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ private: true, type: way.type, dependencies }),
  )
  for (const [name, text] of Object.entries(way.files ?? {})) await writeFile(join(folder, name), text)
  for (const [target, source] of Object.entries(way.sources)) {
    await writeSource(folder, source, target, way.language)
  }
  if (way.hasSubPaths) await writeFile(join(folder, 'sub-paths.ts'), subPaths(used))
  const env = environment(folder, services)
  await runIn(folder, env, INSTALL, way.node)
  for (const command of way.commands) {
    const [, ...args] = command
    // A bundle has no dependencies.
    if (args[0]?.startsWith('alone/'))
      await rm(join(folder, 'node_modules'), { recursive: true, force: true })
    await runIn(folder, env, command, way.node)
  }
  for (const step of way.steps ?? []) await walk(folder, env, step)
}

/** The packages of an install line; ours come from the tarballs, with the core that they need. */
function dependenciesOf(words: readonly string[], tarballs: readonly Tarball[]): Record<string, string> {
  const ours = new Map(tarballs.map(({ manifest, path }) => [manifest.name, `file:${path}`]))
  const asked = words.map(word => {
    const [, name = '', version = 'latest'] = /^(@?[^@]+)(?:@(.+))?$/.exec(word) ?? []
    return [name, ours.get(name) ?? version]
  })
  return Object.fromEntries([['@spanwright/core', ours.get('@spanwright/core')], ...asked]) as Record<
    string,
    string
  >
}

/** Imports every sub-path except those that only work in a test runner. */
function subPaths(tarballs: readonly Tarball[]): string {
  const paths = tarballs.flatMap(({ manifest: { name, exports } }) =>
    Object.keys(exports)
      .filter(path => !/\.json$|^\.\/(?:jest|vitest)$/.test(path))
      .map(path => name + path.slice(1)),
  )
  return [
    ...paths.map((path, index) => `import * as door${index} from '${path}'`),
    `for (const door of [${paths.map((_path, index) => `door${index}`).join()}]) {`,
    "  if (Object.keys(door).length === 0) throw new Error('nothing is exported')",
    '}',
    '',
  ].join('\n')
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  process.exitCode = 1
})
