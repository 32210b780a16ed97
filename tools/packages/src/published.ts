import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

export const ROOT: string = join(__dirname, '..', '..', '..')

/** One way into a package: a file, or a file for each condition. */
export type Target = string | { readonly [condition: string]: Target }

/** Contents of the package.json of a published package. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly files?: readonly string[]
  readonly exports: Readonly<Record<string, Target>>
  readonly bin?: Readonly<Record<string, string>>
}

/** A published package, and the location of its sources. */
export interface Published {
  readonly directory: string
  readonly manifest: Manifest
}

/** Every published package. */
export async function publishedPackages(): Promise<Published[]> {
  const names = await readdir(join(ROOT, 'packages'))
  const packages = await Promise.all(
    names.map(async name => {
      const directory = join(ROOT, 'packages', name)
      const text = await readFile(join(directory, 'package.json'), 'utf8')
      return { directory, manifest: JSON.parse(text) as Manifest }
    }),
  )
  return packages.filter(({ manifest }) => !manifest.private)
}

/** The URL of the repository, from the root's package.json; undefined until a maintainer has set it. */
export async function repositoryUrl(): Promise<string | undefined> {
  const { repository } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    repository?: { url: string }
  }
  return repository?.url.replace(/^git\+/, '').replace(/\.git$/, '')
}

/** The file that a condition resolves to. */
export function fileFor(target: Target | undefined, condition: 'types' | 'default'): string | undefined {
  if (target === undefined || typeof target === 'string') return condition === 'default' ? target : undefined
  return fileFor(target[condition], 'default') ?? fileFor(target['import'], condition)
}
