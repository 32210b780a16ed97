import { createRequire } from 'node:module'
import { join } from 'node:path'

/**
 * A package of the install in the parent folder.
 * @param from the workspace of that install that has the required version. Default: the root
 */
export function load<T>(name: string, from = ''): T {
  return createRequire(join(__dirname, '..', from, 'package.json'))(name) as T
}
