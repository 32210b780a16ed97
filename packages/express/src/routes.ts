import { type App, leadsOn, type Route } from './internals.ts'
import { firstMatch, hiddenPatternsOf, join, visiblePattern } from './pattern.ts'
import { Place } from './place.ts'
import type { Mount, RouteMap } from './route-map.ts'

/** Number of base paths to cache; a mount with parameters can have any number of them. */
const MOST_REMEMBERED = 64

/** Determines which pattern a request matched. */
export interface Routes {
  /**
   * The full pattern; undefined when no matching one can be determined.
   * @param route the route that matched last; the request may have left it since
   * @param path as matched by Express: the base path followed by the rest
   * @param base the part of the path removed by the mounts, as far as Express has not restored it
   */
  patternOf(route: Route | undefined, path: string, base: string): string | undefined
  /** The pattern of the mount that removed a base path from the URL. */
  mountOf(base: string): string | undefined
  /** True when a route is in a router that was found. */
  knows(route: Route | undefined): boolean
  /** True when an app is this one or mounted in it. */
  covers(app: App): boolean
}

/** The patterns of the requests of one app. */
export class AppRoutes implements Routes {
  private readonly map: RouteMap
  private readonly functions = new Map<string, string | undefined>()
  private version = -1

  constructor(map: RouteMap) {
    this.map = map
  }

  patternOf(route: Route | undefined, path: string, base: string): string | undefined {
    const places = route && this.map.placesOf(route)
    if (places) {
      for (const place of places) {
        const pattern = place.patternOf(path, base.length)
        if (pattern !== undefined) return pattern
      }
    }
    const behind = route && this.patternBehind(route, path, base)
    // A route that is in no router found was reached through a function, which therefore did not answer itself.
    const isHidden = route !== undefined && !places
    return behind ?? (isHidden || base === '' ? undefined : this.functionAt(base))
  }

  mountOf(base: string): string | undefined {
    if (base === '') return ''
    for (const mount of this.map.mountsAlong(base)) if (endsAt(mount)) return mount.text
    return undefined
  }

  knows(route: Route | undefined): boolean {
    return route !== undefined && this.map.placesOf(route) !== undefined
  }

  covers(app: App): boolean {
    for (let each: App | undefined = app; each; each = each.parent) if (each === this.map.app) return true
    return false
  }

  /** The pattern of a route in a router that is called from a function. */
  private patternBehind(route: Route, path: string, base: string): string | undefined {
    const patterns = hiddenPatternsOf(route, this.map.app)
    const own = firstMatch(patterns, path.slice(base.length) || '/')
    const mount = own && this.mountOf(base)
    if (own && mount !== undefined) return join(mount, own.text) || '/'
    // After an error Express has restored the rest of the base path.
    for (const { layer, text, rest } of this.map.mountsAlong(path)) {
      if (leadsOn(layer) || path.length - rest.length < base.length) continue
      const match = firstMatch(patterns, rest)
      if (match) return join(text, match.text) || '/'
    }
    return undefined
  }

  /**
   * The path of a function that answers everything below it; not when a router is mounted there too, which may have
   * answered.
   */
  private functionAt(base: string): string | undefined {
    const { functions, map } = this
    if (this.version !== map.version || functions.size >= MOST_REMEMBERED) functions.clear()
    this.version = map.version
    if (functions.has(base)) return functions.get(base)
    const mounts = [...map.mountsAlong(base)].filter(endsAt)
    const found = mounts.some(({ layer }) => leadsOn(layer)) ? undefined : mounts[0]?.text
    functions.set(base, found)
    return found
  }
}

function endsAt({ text, rest }: Mount): boolean {
  return rest === '/' && text !== ''
}

/** The patterns of a request that an app has passed to another, unmounted app by calling it. */
export class CalledRoutes implements Routes {
  private readonly outer: Routes
  private readonly base: string
  private readonly inner: Routes

  /** @param base the base path where the inner app was called */
  constructor(outer: Routes, base: string, inner: Routes) {
    this.outer = outer
    this.base = base
    this.inner = inner
  }

  patternOf(route: Route | undefined, path: string, base: string): string | undefined {
    const { outer, inner } = this
    const isOuter = outer.knows(route) && !inner.knows(route)
    const pattern = isOuter ? undefined : this.innerPatternOf(route, path, base)
    return pattern ?? outer.patternOf(route, path, base)
  }

  mountOf(base: string): string | undefined {
    return this.whole(base, rest => this.inner.mountOf(rest)) ?? this.outer.mountOf(base)
  }

  knows(route: Route | undefined): boolean {
    return this.inner.knows(route) || this.outer.knows(route)
  }

  covers(app: App): boolean {
    return this.inner.covers(app) || this.outer.covers(app)
  }

  private innerPatternOf(route: Route | undefined, path: string, base: string): string | undefined {
    return this.whole(path, rest => this.inner.patternOf(route, rest, base.slice(this.base.length)))
  }

  private whole(path: string, inner: (rest: string) => string | undefined): string | undefined {
    if (!path.startsWith(this.base)) return undefined
    const pattern = inner(path.slice(this.base.length) || '/')
    const mount = pattern === undefined ? undefined : this.outer.mountOf(this.base)
    return mount === undefined ? undefined : join(mount, pattern ?? '') || '/'
  }
}

const VISIBLE = new WeakMap<Route, Place>()

/** The pattern of a route whose mounts are unknown, when it verifiably matches the path. */
export function visibleRoute(route: Route | undefined, path: string): string | undefined {
  if (!route) return undefined
  let place = VISIBLE.get(route)
  if (!place) {
    place = new Place([[visiblePattern(route.path)]])
    VISIBLE.set(route, place)
  }
  return place.patternOf(path, 0)
}
