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

/** A middleware, router or app that stands at the beginning of a path. */
export interface Mount {
  readonly layer: Layer
  /** The pattern, those of all mounts around it included. */
  readonly text: string
  /** What is left of the path behind it. */
  readonly rest: string
}

/** A router mounted within itself is followed so many times, so that the number of patterns stays small. */
const MOST_TURNS = 3

/** The routers on the way to where the walk is; one stands there twice when it is mounted within itself. */
type Way = readonly Router[]

/** Told of every layer that is found, when it is found, and whether it belongs to a route. */
export type LayerVisitor = (layer: Layer, ofRoute: boolean) => void

/** The routes of an app and of everything mounted in it, found once and again when something was added. */
export class RouteMap {
  readonly app: App
  private readonly visit: LayerVisitor
  private readonly apps = new Map<Layer, App>()
  private places = new Map<Route, Place[]>()
  private routers = new Set<Router>()
  private layers = -1
  /** How often the map was made, for what is derived from it. */
  version = 0

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

  /** The places of a route; undefined when none of the routers found has it. */
  placesOf(route: Route): readonly Place[] | undefined {
    return this.places.get(route)
  }

  /** Every middleware, router and app that stands at the beginning of a path, outer ones first. */
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
