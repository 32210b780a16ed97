import {
  appPatternsOf,
  firstMatch,
  join,
  mountPatternsOf,
  type Pattern,
  restOf,
  routePatternsOf,
} from './pattern.ts'
import { type App, hidesApp, type Layer, type Route, routerBehind, routerOf, type Router } from './router.ts'

/** Where a route is registered: the patterns of every mount on the way to it, then its own. */
interface Place {
  readonly patterns: readonly (readonly Pattern[])[]
  /** The whole pattern, when it is the same for every path. */
  readonly text: string | undefined
}

/** A router mounted within itself is followed so many times, so that the number of patterns stays small. */
const MOST_TURNS = 3

/** The routers on the way to where the walk is; one stands there twice when it is mounted within itself. */
type Way = readonly Router[]

/** Told of every layer that is found, when it is found, and whether it belongs to a route. */
export type LayerVisitor = (layer: Layer, ofRoute: boolean) => void

/**
 * The routes of an app and of everything mounted in it, found once and again when something was added.
 * Looking a route up costs next to nothing: most routes are in one place, and its pattern is known.
 */
export class RouteMap {
  private readonly app: App
  private readonly visit: LayerVisitor
  private readonly apps = new Map<Layer, App>()
  private places = new Map<Route, Place[]>()
  private routers = new Set<Router>()
  private layers = -1

  constructor(app: App, visit: LayerVisitor) {
    this.app = app
    this.visit = visit
  }

  /** Finds what was added since the last time; usually nothing. */
  refresh(): void {
    if (this.countLayers() !== this.layers) this.rebuild()
  }

  /** Makes known which app is behind a layer that hides it. */
  link(layer: Layer, app: App): void {
    this.apps.set(layer, app)
    this.rebuild()
  }

  /** True when the app behind a layer is known. */
  isLinked(layer: Layer): boolean {
    return this.apps.has(layer)
  }

  /** The pattern of a route, all mounts included, for a path that was matched by it. */
  patternOf(route: Route, path: string): string | undefined {
    const places = this.places.get(route)
    const [place] = places ?? []
    if (!places || !place) return undefined
    if (places.length === 1 && place.text !== undefined) return place.text
    for (const { patterns } of places) {
      const pattern = matchAll(patterns, path)
      if (pattern !== undefined) return pattern
    }
    return undefined
  }

  /**
   * The pattern of the mount that took a base path off the URL: for routers that a function of the application
   * hides.
   */
  mountOf(basePath: string): string | undefined {
    const router = routerOf(this.app)
    return router && this.findMount(router, basePath, '', [])
  }

  private findMount(router: Router, path: string, prefix: string, above: Way): string | undefined {
    if (isFollowed(router, above)) return undefined
    const way = [...above, router]
    for (const layer of router.stack) {
      const match = layer.route ? undefined : firstMatch(mountPatternsOf(layer), path)
      if (!match) continue
      const text = join(prefix, match.text)
      if (match.length > 0 && match.length === path.length) return text
      const inner = this.routerOf(layer)
      const found = inner && this.findMount(inner, restOf(path, match), text, way)
      if (found !== undefined) return found
    }
    return undefined
  }

  private countLayers(): number {
    let count = 0
    for (const { stack } of this.routers) count += stack.length
    return count
  }

  /** Visits every layer again. */
  rebuild(): void {
    this.places = new Map()
    this.routers = new Set()
    const router = routerOf(this.app)
    if (router) this.walk(router, mountsOf(this.app), [])
    this.layers = this.countLayers()
  }

  private walk(router: Router, mounts: readonly (readonly Pattern[])[], above: Way): void {
    if (isFollowed(router, above)) return
    this.routers.add(router)
    const way = [...above, router]
    for (const layer of router.stack) {
      this.visit(layer, false)
      if (layer.route) {
        layer.route.stack.forEach(inner => this.visit(inner, true))
        this.addPlace(layer.route, [...mounts, routePatternsOf(layer)])
      } else {
        const inner = this.routerOf(layer)
        if (inner) this.walk(inner, [...mounts, mountPatternsOf(layer)], way)
      }
    }
  }

  private routerOf(layer: Layer): Router | undefined {
    const app = hidesApp(layer) ? this.apps.get(layer) : undefined
    return app ? routerOf(app) : routerBehind(layer)
  }

  private addPlace(route: Route, patterns: readonly (readonly Pattern[])[]): void {
    const texts = patterns.map(alternatives =>
      alternatives.length === 1 ? alternatives[0]?.text : undefined,
    )
    const known = texts.every(text => text !== undefined)
    const place = { patterns, text: known ? texts.reduce(join, '') || '/' : undefined }
    const places = this.places.get(route)
    if (places) places.push(place)
    else this.places.set(route, [place])
  }
}

/** True when a router was followed often enough. */
function isFollowed(router: Router, above: Way): boolean {
  return above.filter(each => each === router).length >= MOST_TURNS
}

/** The paths at which an app is mounted in others; those others are not looked through. */
function mountsOf(app: App): (readonly Pattern[])[] {
  const mounts: (readonly Pattern[])[] = []
  for (let inner = app; inner.parent; inner = inner.parent) mounts.unshift(appPatternsOf(inner.mountpath))
  return mounts
}

function matchAll(patterns: readonly (readonly Pattern[])[], path: string): string | undefined {
  let rest = path
  let whole = ''
  for (const alternatives of patterns) {
    const match = firstMatch(alternatives, rest)
    if (!match) return undefined
    whole = join(whole, match.text)
    rest = restOf(rest, match)
  }
  return whole || '/'
}
