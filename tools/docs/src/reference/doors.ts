import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { ROOT } from '../root.ts'

/** A public entry point of a package. */
interface Door {
  /** As it is imported: `@spanwright/express/nest`. */
  readonly name: string
  readonly source: string
}

export interface PublishedPackage {
  /** Name of its folder. */
  readonly folder: string
  readonly name: string
  readonly description: string
  readonly config: string
  readonly doors: readonly Door[]
}

/** Doors for the authors of plugins, whom docs/adding-a-plugin.md is for. */
const FOR_AUTHORS = ['@spanwright/core/plugin', '@spanwright/core/semconv']

interface Manifest {
  readonly name: string
  readonly description: string
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
}

/** The published packages with their doors for users. */
export function listPackages(): PublishedPackage[] {
  return readdirSync(join(ROOT, 'packages')).map(folder => {
    const path = join(ROOT, 'packages', folder)
    const manifest = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as Manifest
    const doors = Object.entries(manifest.exports).flatMap(([subPath, target]) => {
      const source = typeof target === 'string' ? undefined : target['@spanwright/source']
      const name = `${manifest.name}${subPath.slice(1)}`
      return source === undefined || FOR_AUTHORS.includes(name) ? [] : { name, source: join(path, source) }
    })
    const { name, description } = manifest
    return { folder, name, description, config: join(path, 'tsconfig.json'), doors }
  })
}
