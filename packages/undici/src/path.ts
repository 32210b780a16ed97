import { stringify } from 'node:querystring'

import type { DispatchOptions } from './undici-types.ts'

/** The path as undici sends it: with the option `query`, serialized the way undici does. */
export function pathOf({ path, query }: DispatchOptions & { readonly path: string }): string {
  if (typeof query !== 'object' || query === null) return path
  const serialized = stringify(query as NodeJS.Dict<string>)
  return serialized ? `${path}?${serialized}` : path
}
