import { attempt } from '@spanwright/core/plugin'
import type { Context } from 'koa'

import { type Layer, MATCHED_ROUTE, type Routed } from './routed.ts'

/** A mount that a request has entered. */
interface Entered {
  /** The prefix passed to koa-mount. */
  readonly prefix: unknown
  /** The path before the mount removed its prefix. */
  readonly before: unknown
}

const ENTERED: unique symbol = Symbol('spanwright.mounts')

interface Mounted {
  [ENTERED]?: Entered[]
}

/** Apps whose mounts are observed. */
const watched = new WeakSet<object>()

/**
 * Observes which mounts the requests of an app enter: koa-mount only sets the property `mountPath`, which nested mounts
 * overwrite. It is replaced by an accessor on the prototype of the app's contexts.
 */
export function watchMounts(ctx: Context): void {
  const contexts: object = ctx.app.context
  if (!watched.has(contexts)) {
    watched.add(contexts)
    if (!('mountPath' in contexts)) Object.defineProperty(contexts, 'mountPath', MOUNT_PATH)
  }
  // Entered before tracing() was reached.
  if (Object.hasOwn(ctx, 'mountPath')) {
    const prefix: unknown = ctx['mountPath']
    delete ctx['mountPath']
    ;(ctx as Mounted)[ENTERED] = [{ prefix, before: `${String(prefix)}${ctx.path === '/' ? '' : ctx.path}` }]
  }
}

const MOUNT_PATH: PropertyDescriptor & ThisType<Context & Mounted> = {
  configurable: true,
  get() {
    return this[ENTERED]?.at(-1)?.prefix
  },
  set(prefix: unknown) {
    const before = attempt('reading a path', (ctx: Context) => ctx.path, this)
    const entered = (this[ENTERED] ??= [])
    entered.push({ prefix, before })
  },
}

/**
 * The prefixes of the mounts around a route, as written in the application; empty for a route that is not mounted,
 * undefined when they cannot be determined, so that only a part of the pattern is known.
 */
export function mountPrefix(routed: Routed, layer: Layer): string | undefined {
  const entered = (routed as Mounted)[ENTERED]
  if (!entered || !layer.regexp) return ''
  const mounts = mountsAround(entered)
  if (!mounts) return undefined
  const captures = layer.path === routed[MATCHED_ROUTE] ? routed.captures : undefined
  for (let depth = mounts.length; depth >= 0; depth--) {
    const path = depth === 0 ? mounts[0]?.before : restOf(mounts[depth - 1]!)
    if (path === undefined || !matches(layer.regexp, path, captures)) continue
    return mounts
      .slice(0, depth)
      .map(({ prefix }) => prefix.replace(/\/$/, ''))
      .join('')
  }
  return undefined
}

interface Mount {
  readonly prefix: string
  readonly before: string
}

/**
 * The entered mounts that enclose the last one: each begins with the path left over by the enclosing one.
 * @returns undefined when one begins with a path that middleware has changed
 */
function mountsAround(entered: readonly Entered[]): Mount[] | undefined {
  let around: Mount[] = []
  for (const mount of entered) {
    if (!isMount(mount)) return undefined
    const outer = around.findLastIndex(each => restOf(each) === mount.before)
    const sibling = around.findLastIndex(({ before }) => before === mount.before)
    if (around.length > 0 && outer < 0 && sibling < 0) return undefined
    around = [...around.slice(0, outer >= sibling ? outer + 1 : sibling), mount]
  }
  return around
}

function isMount(mount: Entered): mount is Mount {
  return typeof mount.prefix === 'string' && typeof mount.before === 'string'
}

function restOf({ prefix, before }: Mount): string {
  return before.slice(prefix.replace(/\/$/, '').length) || '/'
}

/** Compares with the router's captures, because the expression may also match at another position. */
function matches(regexp: RegExp, path: string, captures: Routed['captures']): boolean {
  // A copy, because an expression with the flag `g` or `y` keeps state in `lastIndex`.
  const match = new RegExp(regexp).exec(path)
  if (!match) return false
  return !captures?.length || captures.every((capture, i) => capture === match[i + 1])
}
