import { createRequire } from 'node:module'
import { join } from 'node:path'

/**
 * A package of the install beside this folder.
 * @param from the workspace of that install that has the version which is meant. Default: the outermost
 */
export function load<T>(name: string, from = ''): T {
  return createRequire(join(__dirname, '..', from, 'package.json'))(name) as T
}
