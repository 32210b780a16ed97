import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { packAll, type Tarball } from './pack.ts'
import type { Manifest } from './published.ts'

const run = promisify(execFile)

/** Packs every published package, checks the tarballs, and loads each from a project outside the workspace. */
async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'spanwright-packages-'))
  try {
    await checkTarballs(folder, await packAll(folder))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * Checks tarballs as users receive them; `folder` is for a project that installs them.
 * @throws Error that describes the problem
 */
export async function checkTarballs(folder: string, tarballs: readonly Tarball[]): Promise<void> {
  await Promise.all(
    tarballs.flatMap(tarball => [
      lint(tarball),
      checkTypes(tarball),
      checkChanges(tarball),
      checkReadme(tarball),
    ]),
  )
  await loadFromOutside(folder, tarballs)
}

async function lint({ path }: Tarball): Promise<void> {
  await tool('publint', ['run', path, '--strict'])
}

async function checkTypes({ path }: Tarball): Promise<void> {
  // Vitest cannot be required, and neither can its matchers.
  await tool('attw', [path, '--no-emoji', '--format', 'ascii', '--exclude-entrypoints', 'vitest'])
}

/** The change log describes a version before it is published. */
async function checkChanges({ directory, manifest }: Tarball): Promise<void> {
  const text = await readFile(join(directory, 'CHANGELOG.md'), 'utf8')
  if (text.includes(`\n## ${manifest.version}\n`)) return
  throw new Error(
    `CHANGELOG.md of ${manifest.name} does not describe ${manifest.version}: run npm run versions`,
  )
}

/** A README first shows how to install its package, or how to run it when it is a command. */
async function checkReadme({ directory, manifest: { name, bin } }: Tarball): Promise<void> {
  const [, first = ''] = (await readFile(join(directory, 'README.md'), 'utf8')).split('```')
  const command = bin ? 'npx' : 'npm install'
  if (first.startsWith(`sh\n${command} `) && first.split(/\s+/).includes(name)) return
  throw new Error(`README.md of ${name} does not begin with ${command} ${name}`)
}

async function tool(name: string, args: string[]): Promise<void> {
  try {
    await run(join(__dirname, '..', 'node_modules', '.bin', name), args)
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string }
    throw new Error(`${name} ${args.join(' ')}\n${stdout ?? ''}${stderr ?? ''}`, { cause: error })
  }
}

/** Entry points that work only in their test runner; the tests of their package load them there. */
const IN_RUNNERS = new Set(['./jest', './vitest'])

/** `.` is the package itself; data such as package.json is not code to load. */
function entryPointsOf({ name, exports }: Manifest): string[] {
  return Object.keys(exports)
    .filter(path => !path.endsWith('.json') && !IN_RUNNERS.has(path))
    .map(path => (path === '.' ? name : `${name}/${path.slice(2)}`))
}

/** Checks that `require` and `import` give the same instance of every export: `import` loads the CommonJS build too. */
async function loadFromOutside(folder: string, tarballs: readonly Tarball[]): Promise<void> {
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true }))
  const paths = tarballs.map(({ path }) => path)
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...paths], { cwd: folder })
  const entryPoints = tarballs.flatMap(({ manifest }) => entryPointsOf(manifest))
  const script = `
    import { createRequire } from 'node:module'
    const require = createRequire(import.meta.url)
    for (const name of ${JSON.stringify(entryPoints)}) {
      const required = require(name)
      const imported = await import(name)
      const names = Object.keys(required)
      const differing = names.filter(key => imported[key] !== required[key])
      if (names.length === 0) throw new Error(name + ' exports nothing')
      if (differing.length > 0) throw new Error(name + ': import and require differ in ' + differing.join(', '))
      console.log(name + ': ' + names.length + ' exports by import and require')
    }`
  await writeFile(join(folder, 'load.mjs'), script)
  const { stdout } = await run(process.execPath, ['load.mjs'], { cwd: folder })
  process.stdout.write(stdout)
  for (const bin of tarballs.flatMap(({ manifest }) => Object.keys(manifest.bin ?? {}))) {
    const { stdout: version } = await run('npx', ['--no-install', bin, '--version'], { cwd: folder })
    process.stdout.write(`${bin} --version: ${version}`)
  }
}

if (require.main === module) {
  main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  })
}
