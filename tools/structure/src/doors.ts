import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { ROOT, type SourceFile } from './sources.ts'

/** A public entry point of a package. */
export interface Door {
  readonly name: string
  /** Names it exports, types included. */
  readonly exports: readonly string[]
}

/** The public entry points of the packages. */
export function findDoors(sources: readonly SourceFile[]): Door[] {
  return [...new Set(sources.map(source => source.package))].flatMap(name => {
    const manifest = JSON.parse(readFileSync(join(ROOT, 'packages', name, 'package.json'), 'utf8')) as {
      readonly exports: Readonly<Record<string, unknown>>
    }
    return Object.entries(manifest.exports).flatMap(([subPath, target]): Door[] => {
      const file = (target as Readonly<Record<string, string>>)['@spanwright/source']
      if (file === undefined) return []
      const source = sources.find(({ path }) => path === `packages/${name}/${file.replace('./', '')}`)
      return [
        { name: `@spanwright/${name}${subPath.slice(1)}`, exports: source ? exportedNames(source.text) : [] },
      ]
    })
  })
}

function exportedNames(text: string): string[] {
  const listed = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, names = '']) =>
    namesIn(names),
  )
  const declared = text.matchAll(
    /^export (?:declare )?(?:async )?(?:function|const|class|interface|type) (\w+)/gm,
  )
  return [...listed, ...[...declared].map(([, name = '']) => name)]
}

/** The packages whose sources import a name of a door, for every name that one of them does. */
export function usersOf(door: string, sources: readonly SourceFile[]): Map<string, ReadonlySet<string>> {
  const users = new Map<string, Set<string>>()
  for (const source of sources) {
    for (const [, names = '', from] of source.text.matchAll(/\{([^}]*)\}\s*from '([^']+)'/g)) {
      if (from !== door) continue
      for (const name of namesIn(names)) {
        users.set(name, (users.get(name) ?? new Set<string>()).add(source.package))
      }
    }
  }
  return users
}

/** The names between the braces of an import or export, without `type` and `as`. */
function namesIn(list: string): string[] {
  return list
    .split(',')
    .map(item =>
      item
        .trim()
        .replace(/^type /, '')
        .replace(/ as .*$/, ''),
    )
    .filter(name => name !== '')
}
