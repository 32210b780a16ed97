import { createRequire } from 'node:module'

/**
 * Loads a package that is not among our dependencies, because it is large or few need it: from the app, else from here.
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
      // Perhaps the other one knows it.
      continue
    }
    return { exports: fromApp(path), path }
  }
  throw new TypeError(`startTracing(): ${purpose} needs the package ${name}; install it beside the app`)
}
