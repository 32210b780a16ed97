import { stringify } from 'node:querystring'

import type { DispatchOptions } from './undici-types.ts'

/** The path as sent by undici, including the option `query`, serialized as undici does it. */
export function pathOf({ path, query }: DispatchOptions & { readonly path: string }): string {
  if (typeof query !== 'object' || query === null) return path
  const serialized = stringify(query as NodeJS.Dict<string>)
  return serialized ? `${path}?${serialized}` : path
}
