import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const require = createRequire(join(__dirname, 'load.ts'))

/** A package of the install beside this folder. Most of them have no types, or those of one framework version. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- The caller says what the package exports.
export function load<T>(name: string): T {
  return require(name) as T
}

/** Version of an installed package. */
export function versionOf(name: string): string {
  const { version } = JSON.parse(
    readFileSync(join(__dirname, '..', 'node_modules', name, 'package.json'), 'utf8'),
  ) as { version: string }
  return version
}
