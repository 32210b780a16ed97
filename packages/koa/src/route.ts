import type { Context } from 'koa'

import { mountPrefix } from './mount.ts'
import { type Layer, MATCHED_ROUTE, type Routed } from './routed.ts'

/**
 * The pattern of the last route that ran, with the prefixes of routers and mounts. When a router middleware answered
 * before any route, the route that would have run. Undefined when no router had a route for the request.
 */
export function routeOf(ctx: Context): string | undefined {
  const routed = ctx as Routed
  const path = routed[MATCHED_ROUTE]
  if (path === undefined) return undefined
  const layer = routed.matched && lastRoute(routed, routed.matched, ctx.method)
  if (!layer) return patternOf(path)
  const prefix = mountPrefix(routed, layer)
  return prefix === undefined ? undefined : join(prefix, patternOf(layer.path))
}

function lastRoute(routed: Routed, matched: readonly Layer[], sent: string): Layer | undefined {
  const method = sent.toUpperCase()
  if (routed.routerPath === undefined) return lastOfVersion8(routed, matched, method)
  const last = matched.findLastIndex(layer => layer.path === routed[MATCHED_ROUTE] && takes(layer, method))
  for (let i = last; i >= 0; i--) {
    const layer = matched[i]!
    if (isRoute(layer, method) && (i === last || canHaveRun(layer, routed))) return layer
  }
  return matched.find(layer => isRoute(layer, method))
}

/**
 * Version 8 reports the layer that ran last only if it has a name. Otherwise it is the first route that can have run,
 * unless a later one has left a parameter that no earlier one has.
 */
function lastOfVersion8(routed: Routed, matched: readonly Layer[], method: string): Layer | undefined {
  const { routerName } = routed
  if (typeof routerName === 'string') {
    return matched.findLast(layer => layer.name === routerName && isRoute(layer, method))
  }
  const seen = new Set<string | number>()
  let last: Layer | undefined
  for (const layer of matched) {
    if (!takes(layer, method) || !canHaveRun(layer, routed)) continue
    const before = seen.size
    for (const { name } of layer.paramNames) seen.add(name)
    if (isRoute(layer, method) && (!last || seen.size > before)) last = layer
  }
  return last ?? matched.find(layer => isRoute(layer, method))
}

function isRoute({ methods }: Layer, method: string): boolean {
  return methods.includes(method)
}

function takes({ methods }: Layer, method: string): boolean {
  return methods.length === 0 || methods.includes(method)
}

/** False when a layer did not run: one that ran has left its parameters. */
function canHaveRun({ paramNames }: Layer, { params = {} }: Routed): boolean {
  return paramNames.every(({ name }) => name in params)
}

function patternOf(path: string | RegExp): string {
  return String(path) || '/'
}

function join(prefix: string, pattern: string): string {
  return pattern === '/' && prefix !== '' ? prefix : prefix + pattern
}
