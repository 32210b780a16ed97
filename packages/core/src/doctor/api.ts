import { createRequire } from 'node:module'
import { sep } from 'node:path'

import { context, createContextKey, ROOT_CONTEXT } from '@opentelemetry/api'

/** Up to 1.9 the API was built into `build`, since then into `dist`. */
const API = /^(.*[\\/]@opentelemetry[\\/]api)[\\/](?:build|dist)[\\/]/

/** Whether a context manager is registered with the API. */
export function isContextManaged(): boolean {
  const key = createContextKey('spanwright report')
  return context.with(ROOT_CONTEXT.setValue(key, true), () => context.active().getValue(key) === true)
}

/** Reports several copies of the API loaded as CommonJS; copies imported as ESM are not detected. */
export function copiesOfApi(): string[] {
  const files = Object.keys(createRequire(`${process.cwd()}${sep}`).cache ?? {})
  const folders = new Set(files.flatMap(file => API.exec(file)?.[1] ?? []))
  if (folders.size < 2) return []
  const all = globalThis as Readonly<Record<symbol, { readonly version?: string } | undefined>>
  const version = all[Symbol.for('opentelemetry.js.api.1')]?.version ?? 'unknown'
  return [
    `${folders.size} copies of @opentelemetry/api are loaded (in use: ${version}): ${[...folders].join(', ')}; ` +
      'deduplicate them with npm dedupe, or with overrides in package.json',
  ]
}
