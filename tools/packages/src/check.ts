import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const ROOT = join(__dirname, '..', '..', '..')

interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly exports: Readonly<Record<string, unknown>>
}

/** Packs every published package, checks the tarballs, and loads each from a project outside the workspace. */
async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'spanwright-packages-'))
  try {
    const packages = await publishedPackages()
    const tarballs = await Promise.all(packages.map(({ directory }) => pack(directory, folder)))
    await Promise.all(tarballs.flatMap(tarball => [lint(tarball), checkTypes(tarball)]))
    await loadFromOutside(
      folder,
      tarballs,
      packages.flatMap(({ manifest }) => entryPointsOf(manifest)),
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function publishedPackages(): Promise<{ directory: string; manifest: Manifest }[]> {
  const names = await readdir(join(ROOT, 'packages'))
  const packages = await Promise.all(
    names.map(async name => {
      const directory = join(ROOT, 'packages', name)
      return {
        directory,
        manifest: JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')) as Manifest,
      }
    }),
  )
  return packages.filter(({ manifest }) => !manifest.private)
}

async function pack(directory: string, folder: string): Promise<string> {
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: directory })
  const packed = Object.values(JSON.parse(stdout) as Record<string, { filename: string }>)[0]
  if (!packed) throw new Error(`npm pack made nothing of ${directory}`)
  return join(folder, packed.filename)
}

async function lint(tarball: string): Promise<void> {
  await tool('publint', ['run', tarball, '--strict'])
}

async function checkTypes(tarball: string): Promise<void> {
  // Sub-paths are beyond the resolution of old (node10), and Vitest cannot be required.
  await tool('attw', [
    tarball,
    '--no-emoji',
    '--format',
    'ascii',
    '--profile',
    'node16',
    '--exclude-entrypoints',
    'vitest',
  ])
}

async function tool(name: string, args: string[]): Promise<void> {
  try {
    await run(join(__dirname, '..', 'node_modules', '.bin', name), args)
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string }
    throw new Error(`${name} ${args.join(' ')}\n${stdout ?? ''}${stderr ?? ''}`, { cause: error })
  }
}

/** Entry points that work in their test runner only; the tests of their package load them there. */
const IN_RUNNERS = new Set(['./jest', './vitest'])

/** `.` is the package itself; data such as package.json is not code to load. */
function entryPointsOf({ name, exports }: Manifest): string[] {
  return Object.keys(exports)
    .filter(path => !path.endsWith('.json') && !IN_RUNNERS.has(path))
    .map(path => (path === '.' ? name : `${name}/${path.slice(2)}`))
}

/** One instance of every export, whichever way it was loaded: a CommonJS build read by `import` as well. */
async function loadFromOutside(
  folder: string,
  tarballs: readonly string[],
  entryPoints: string[],
): Promise<void> {
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true }))
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...tarballs], { cwd: folder })
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
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
