import { createRequire } from 'node:module'

/**
 * Loads an optional package that isn't our dependency, because it is large or few need it: from the app, otherwise from
 * here.
 * @param from another place to look for it: the path of a package that depends on it
 * @throws TypeError when it is not installed
 */
export function loadOptional(
  name: string,
  purpose: string,
  from?: string,
): { readonly exports: unknown; readonly path: string } {
  const fromApp = createRequire(process.argv[1] ?? `${process.cwd()}/`)
  const places = [fromApp, createRequire(__filename), ...(from === undefined ? [] : [createRequire(from)])]
  for (const place of places) {
    let path: string
    try {
      path = place.resolve(name)
    } catch {
      // Try the next location.
      continue
    }
    return { exports: fromApp(path), path }
  }
  throw new TypeError(`startTracing(): ${purpose} needs the package ${name}; install it in the app`)
}
