import { splitTarget } from '@spanwright/core/plugin'

import { type Layer, MATCHED_ROUTE, type Routed } from './routed.ts'

/**
 * What mounts took off the path before a route of their router matched the rest; empty for a route that is not
 * mounted. `mountPath` stays on the context when a mount is left, and nested mounts overwrite each other's: so
 * the prefix is the one that ends with it and behind which the layer matches.
 */
export function mountPrefix(routed: Routed, layer: Layer, target: string): string {
  const { mountPath } = routed
  if (typeof mountPath !== 'string' || !layer.regexp) return ''
  const captures = layer.path === routed[MATCHED_ROUTE] ? routed.captures : undefined
  const { path } = splitTarget(target)
  const mount = mountPath.endsWith('/') ? mountPath.slice(0, -1) : mountPath
  for (let at = path.indexOf(mount); at >= 0; at = path.indexOf(mount, at + 1)) {
    const prefix = path.slice(0, at + mount.length)
    const rest = path.slice(prefix.length) || '/'
    if (rest.startsWith('/') && matches(layer.regexp, rest, captures)) return prefix
  }
  return ''
}

/** With what the router captured when it matched, another place where the expression matches too is told apart. */
function matches(regexp: RegExp, path: string, captures: Routed['captures']): boolean {
  // A copy, because one with the flag `g` or `y` remembers where it stopped.
  const match = new RegExp(regexp).exec(path)
  if (!match) return false
  return !captures?.length || captures.every((capture, i) => capture === match[i + 1])
}
