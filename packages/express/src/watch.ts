import { EVENT_NEXT_AFTER_RESPONSE } from '@spanwright/core/semconv'
import { exchangeOf, guarded, reportFailure } from '@spanwright/core/plugin'
import type { NextFunction, Request, Response } from 'express'

import { keepSilent, showLayer } from './layered.ts'
import { RouteMap } from './route-map.ts'
import { AppRoutes, CalledRoutes, type Routes } from './routes.ts'
import {
  type App,
  checkInternals,
  errorMethodOf,
  handlesErrors,
  hidesApp,
  type Layer,
  requestMethodOf,
  routerOf,
} from './internals.ts'

/** State of the apps in which `tracing()` is registered. */
const WATCHES = new WeakMap<App, AppWatch>()

/**
 * Inspects an app before it handles a request, to find its routes and observe its errors.
 * @param layered whether its middleware and handlers are reported
 * @returns its routes; undefined when the request has no app, or the app's routes cannot be read
 */
export function watchApp(req: Request, layered: boolean): Routes | undefined {
  const app = req.app as unknown as App | undefined
  return app && watchOf(app).refresh(layered)
}

/**
 * Inspects the app that a traced request has reached, when another app called it without mounting it.
 * @param routes the routes of the request so far
 * @returns the routes of the request from now on
 */
export function watchCalledApp(
  req: Request,
  routes: Routes | undefined,
  layered: boolean,
): Routes | undefined {
  const app = req.app as unknown as App | undefined
  if (!app || !routes || routes.covers(app)) return routes
  const called = watchOf(app).refresh(layered)
  return called ? new CalledRoutes(routes, req.baseUrl, called) : routes
}

function watchOf(app: App): AppWatch {
  let watch = WATCHES.get(app)
  if (!watch) {
    watch = new AppWatch(app)
    WATCHES.set(app, watch)
  }
  return watch
}

/**
 * Observes the errors of an app. Its routers pass an error to their error handlers, and finally to a handler of Express
 * that cannot be hooked. So each error handler notes its error, and a layer of ours after all others of the outermost
 * app does only that. Layers that handle requests are not changed.
 */
class AppWatch {
  private readonly app: App
  /** The apps in which this one is mounted. */
  private above: readonly App[] = []
  private readonly map: RouteMap
  private readonly routes: Routes
  private layered = false
  private checked = false
  private failed = false
  private layersAbove = -1

  constructor(app: App) {
    this.app = app
    this.map = new RouteMap(app, (layer, ofRoute) => this.visit(layer, ofRoute))
    this.routes = new AppRoutes(this.map)
  }

  /** @returns undefined when the app cannot be read */
  refresh(layered: boolean): Routes | undefined {
    if (this.failed) return undefined
    try {
      if (!this.checked) this.check()
      this.watchAbove()
      stayLast(this.above.at(-1) ?? this.app)
      if (layered && !this.layered) {
        this.layered = true
        this.map.rebuild()
      } else {
        this.map.refresh()
      }
      return this.routes
    } catch (error) {
      this.failed = true
      reportFailure('reading the routes of Express', error)
      return undefined
    }
  }

  private check(): void {
    this.checked = true
    const missing = checkInternals(this.app)
    if (missing.length > 0) throw new TypeError(`This version of Express has changed ${missing.join(', ')}`)
  }

  /** Error handlers of the apps in which this one is mounted. */
  private watchAbove(): void {
    // An app that is mounted again has a different parent from then on.
    if (this.above[0] !== this.app.parent) {
      this.above = parentsOf(this.app)
      this.layersAbove = -1
    }
    if (this.above.length === 0) return
    const stacks = this.above.map(app => routerOf(app)?.stack ?? [])
    const count = stacks.reduce((sum, { length }) => sum + length, 0)
    if (count === this.layersAbove) return
    this.layersAbove = count
    stacks.forEach(stack => stack.forEach(watchErrors))
  }

  private visit(layer: Layer, ofRoute: boolean): void {
    if (handlesErrors(layer)) watchErrors(layer)
    else if (hidesApp(layer) && !this.map.isLinked(layer)) this.findApp(layer)
    if (this.layered) showLayer(layer, ofRoute)
  }

  /** Waits for the first request that enters a hidden app: during its set-up by Express, `req.app` is that app. */
  private findApp(layer: Layer): void {
    const method = requestMethodOf(layer)
    const { map } = this
    if (Object.hasOwn(layer, method)) return
    layer[method] = function handleRequest(req, res, next) {
      const outer = (req as Request).app as unknown as App
      const entered = guarded('reading the routes of Express', () => {
        const app = (req as Request).app as unknown as App
        if (app === outer || app.parent !== outer) return
        delete layer[method]
        map.link(layer, app)
      })
      onNextRead(res as Response, 'locals', entered)
      return prototypeOf(layer)[method]?.call(layer, req, res, next)
    }
  }
}

/** Adds a layer of ours after all others of an app, including those added later. */
function stayLast(app: App): void {
  const router = routerOf(app)
  if (!router || router.stack.at(-1)?.handle === noteUnhandledError) return
  router.use(noteUnhandledError)
  const last = router.stack.at(-1)
  if (!last) return
  watchEnd(last)
  // Not by moving it: a request currently passing through the stack would miss a layer.
  Object.defineProperty(router.stack, 'push', {
    configurable: true,
    writable: true,
    value: function push(this: Layer[], ...layers: Layer[]): number {
      if (this.at(-1) !== last) return Array.prototype.push.apply(this, layers)
      this.splice(-1, 0, ...layers)
      return this.length
    },
  })
}

/** Notes the error that a layer for errors is called with. */
function watchErrors(layer: Layer): void {
  const method = errorMethodOf(layer)
  if (!handlesErrors(layer) || layer.handle === noteUnhandledError || Object.hasOwn(layer, method)) return
  layer[method] = method === 'handleError' ? handleError : handle_error
}

function handleError(this: Layer, ...args: unknown[]): unknown {
  noteError(args[0], args[1] as Request)
  return prototypeOf(this).handleError?.apply(this, args)
}

// The name used by Express 4.
function handle_error(this: Layer, ...args: unknown[]): unknown {
  noteError(args[0], args[1] as Request)
  return prototypeOf(this).handle_error?.apply(this, args)
}

// Four parameters make it an error handler.
function noteUnhandledError(error: unknown, req: Request, _res: Response, next: NextFunction): void {
  noteError(error, req)
  next(error)
}

keepSilent(noteUnhandledError)

/** Notes that a request passed all layers although it had been answered: `next` was called too often. */
function watchEnd(last: Layer): void {
  const method = requestMethodOf(last)
  last[method] = function handleRequest(...args) {
    if ((args[1] as Response).headersSent) exchangeOf(args[0] as Request)?.addEvent(EVENT_NEXT_AFTER_RESPONSE)
    return prototypeOf(last)[method]?.apply(last, args)
  }
}

function noteError(error: unknown, req: Request): void {
  exchangeOf(req)?.recordError(error)
}

function prototypeOf(layer: Layer): Layer {
  return Object.getPrototypeOf(layer) as Layer
}

function parentsOf(app: App): App[] {
  const parents: App[] = []
  for (let inner = app; inner.parent; inner = inner.parent) parents.push(inner.parent)
  return parents
}

/** Calls back when a property is next read, and restores the property. */
function onNextRead<Target extends object>(target: Target, name: keyof Target, read: () => void): void {
  const own = Object.getOwnPropertyDescriptor(target, name)
  if (own && !own.configurable) return
  const restore = (): void => {
    if (own) Object.defineProperty(target, name, own)
    else delete target[name]
  }
  Reflect.defineProperty(target, name, {
    configurable: true,
    enumerable: own?.enumerable ?? true,
    get() {
      restore()
      read()
      return target[name]
    },
    set(value: Target[keyof Target]) {
      restore()
      target[name] = value
    },
  })
}
