import { execFile } from 'node:child_process'
import { copyFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, relative } from 'node:path'
import { promisify } from 'node:util'

import { fileFor, type Published, publishedPackages, repositoryUrl, ROOT } from './published.ts'
import { readmeForNpm } from './readme.ts'

const run = promisify(execFile)

/** A packed package. */
export interface Tarball extends Published {
  readonly path: string
}

/** Packs the build of every published package into `folder`. */
export async function packAll(folder: string): Promise<Tarball[]> {
  await mkdir(folder, { recursive: true })
  const home = await repositoryUrl()
  const packages = await publishedPackages()
  return Promise.all(packages.map(published => pack(published, folder, home)))
}

async function pack(published: Published, folder: string, home: string | undefined): Promise<Tarball> {
  const { directory, manifest } = published
  const name = basename(directory)
  const stage = await mkdtemp(join(tmpdir(), `spanwright-pack-${name}-`))
  try {
    for (const file of manifest.files ?? []) {
      if (!file.startsWith('!')) await cp(join(directory, file), join(stage, file), { recursive: true })
    }
    await copyFile(join(ROOT, 'LICENSE'), join(stage, 'LICENSE'))
    await copyFile(join(directory, 'CHANGELOG.md'), join(stage, 'CHANGELOG.md'))
    const readme = await readFile(join(directory, 'README.md'), 'utf8')
    await writeFile(join(stage, 'README.md'), readmeForNpm(readme, name, home))
    const folders = await writeSubPaths(published, stage)
    const completed = {
      ...manifest,
      ...(home !== undefined && {
        homepage: `${home}/tree/main/packages/${name}#readme`,
        bugs: `${home}/issues`,
        repository: { type: 'git', url: `git+${home}.git`, directory: `packages/${name}` },
      }),
      files: [...(manifest.files ?? []), 'CHANGELOG.md', ...folders],
      // They refer to files outside the package.
      scripts: undefined,
    }
    await writeFile(join(stage, 'package.json'), `${JSON.stringify(completed, null, 2)}\n`)
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: stage })
    const packed = Object.values(JSON.parse(stdout) as Record<string, { filename: string }>)[0]
    if (!packed) throw new Error(`npm pack made nothing of ${directory}`)
    return { ...published, path: join(folder, packed.filename) }
  } finally {
    await rm(stage, { recursive: true, force: true })
  }
}

/** A folder for each sub-path: `moduleResolution: node10` and old bundlers don't support `exports`. */
async function writeSubPaths({ manifest }: Published, stage: string): Promise<string[]> {
  const folders: string[] = []
  for (const [path, target] of Object.entries(manifest.exports)) {
    if (path === '.' || path.endsWith('.json')) continue
    const folder = join(stage, path)
    const fromFolder = (file = ''): string => relative(folder, join(stage, file))
    const pointer = {
      main: fromFolder(fileFor(target, 'default')),
      types: fromFolder(fileFor(target, 'types')),
    }
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'package.json'), `${JSON.stringify(pointer, null, 2)}\n`)
    folders.push(path.slice(2))
  }
  return folders
}

async function main(): Promise<void> {
  const folder = join(ROOT, 'tarballs')
  await rm(folder, { recursive: true, force: true })
  const tarballs = await packAll(folder)
  for (const { path } of tarballs) process.stdout.write(`${relative(process.cwd(), path)}\n`)
}

if (require.main === module) void main()
