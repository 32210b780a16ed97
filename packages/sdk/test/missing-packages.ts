import Module from 'node:module'

type Resolve = (request: string, ...rest: unknown[]) => string

// Makes packages unresolvable, as if they were not installed: the workspace has them all.
const RESOLVE = '_resolveFilename'
const loader = Module as unknown as Record<typeof RESOLVE, Resolve>
const resolve = loader[RESOLVE]
const missing = new Set(process.env['MISSING_PACKAGES']?.split(','))

loader[RESOLVE] = function (request, ...rest): string {
  if (missing.has(request)) throw Object.assign(new Error(request), { code: 'MODULE_NOT_FOUND' })
  return Reflect.apply(resolve, this, [request, ...rest])
}
