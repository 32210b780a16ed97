import {
  type App,
  hidesApp,
  type Layer,
  type Route,
  routerBehind,
  type Router,
  routerOf,
} from './internals.ts'
import {
  appPatternsOf,
  firstMatch,
  join,
  mountPatternsOf,
  type Pattern,
  restOf,
  routePatternsOf,
} from './pattern.ts'
import { Place } from './place.ts'

/** A middleware, router or app mounted at the beginning of a path. */
export interface Mount {
  readonly layer: Layer
  /** The pattern, including those of all enclosing mounts. */
  readonly text: string
  /** The rest of the path after it. */
  readonly rest: string
}

/** How often a router mounted within itself is followed, to keep the number of patterns small. */
const MOST_TURNS = 3

/** The routers on the current path of the walk; a router mounted within itself appears twice. */
type Way = readonly Router[]

/** Called with every layer when it is found, and whether it belongs to a route. */
export type LayerVisitor = (layer: Layer, ofRoute: boolean) => void

/** The routes of an app and of everything mounted in it, collected once and again after additions. */
export class RouteMap {
  readonly app: App
  private readonly visit: LayerVisitor
  private readonly apps = new Map<Layer, App>()
  private places = new Map<Route, Place[]>()
  private routers = new Set<Router>()
  private layers = -1
  /** Increases each time the map is rebuilt, to invalidate derived data. */
  version = 0

  constructor(app: App, visit: LayerVisitor) {
    this.app = app
    this.visit = visit
  }

  /** Collects what was added since the last time; usually nothing. */
  refresh(): void {
    if (this.countLayers() !== this.layers) this.rebuild()
  }

  /** Registers the app behind a layer that hides it. */
  link(layer: Layer, app: App): void {
    this.apps.set(layer, app)
    this.rebuild()
  }

  /** True when the app behind a layer is known. */
  isLinked(layer: Layer): boolean {
    return this.apps.has(layer)
  }

  /** The places of a route; undefined when none of the routers found has it. */
  placesOf(route: Route): readonly Place[] | undefined {
    return this.places.get(route)
  }

  /** Every middleware, router and app mounted at the beginning of a path, outer ones first. */
  *mountsAlong(path: string): Generator<Mount, void, void> {
    const router = routerOf(this.app)
    if (router) yield* this.mountsIn(router, path, '', [])
  }

  private *mountsIn(router: Router, path: string, prefix: string, above: Way): Generator<Mount, void, void> {
    if (isFollowed(router, above)) return
    const way = [...above, router]
    for (const layer of router.stack) {
      const match = layer.route ? undefined : firstMatch(mountPatternsOf(layer), path)
      if (!match) continue
      const text = join(prefix, match.text)
      const rest = restOf(path, match)
      yield { layer, text, rest }
      const inner = this.routerOf(layer)
      if (inner) yield* this.mountsIn(inner, rest, text, way)
    }
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
    this.version++
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
    const place = new Place(patterns)
    const places = this.places.get(route)
    if (places) places.push(place)
    else this.places.set(route, [place])
  }
}

/** True when a router was followed the maximum number of times. */
function isFollowed(router: Router, above: Way): boolean {
  return above.filter(each => each === router).length >= MOST_TURNS
}

/** The paths at which an app is mounted in others; those others are not searched. */
function mountsOf(app: App): (readonly Pattern[])[] {
  const mounts: (readonly Pattern[])[] = []
  for (let inner = app; inner.parent; inner = inner.parent) mounts.unshift(appPatternsOf(inner.mountpath))
  return mounts
}
