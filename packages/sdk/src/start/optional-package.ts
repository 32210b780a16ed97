import { createRequire } from 'node:module'

/**
 * Loads an optional package that isn't our dependency, because it is large or few need it: from the app, otherwise from
 * here.
 * @throws TypeError when it is not installed
 */
export function loadOptional(
  name: string,
  purpose: string,
): { readonly exports: unknown; readonly path: string } {
  const fromApp = createRequire(process.argv[1] ?? `${process.cwd()}/`)
  for (const place of [fromApp, createRequire(__filename)]) {
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
