import { EVENT_NEXT_AFTER_RESPONSE } from '@spanwright/core/semconv'
import { exchangeOf, reportFailure } from '@spanwright/core/plugin'
import type { NextFunction, Request, Response } from 'express'

import { keepSilent, showLayer } from './layered.ts'
import { RouteMap } from './route-map.ts'
import {
  type App,
  errorMethodOf,
  handlesErrors,
  hidesApp,
  type Layer,
  requestMethodOf,
  routerOf,
} from './router.ts'

/** What is known of the apps in which `tracing()` is registered. */
const WATCHES = new WeakMap<App, AppWatch>()

/**
 * Looks at an app before it handles a request: which routes there are, and where errors pass.
 * @param layered whether its middleware and handlers are to be told of
 * @returns its routes; undefined when the request belongs to no app
 */
export function watchApp(req: Request, layered: boolean): RouteMap | undefined {
  const app = req.app as unknown as App | undefined
  if (!app) return undefined
  let watch = WATCHES.get(app)
  if (!watch) {
    watch = new AppWatch(app)
    WATCHES.set(app, watch)
  }
  watch.refresh(layered)
  return watch.routes
}

/**
 * Sees the errors of an app. Its routers pass an error to their error handlers, and at last to a handler of
 * Express that nobody can hook; so each error handler notes what it is given, and behind all layers of the
 * outermost app stands one that does nothing else. No layer that handles requests is touched.
 */
class AppWatch {
  readonly routes: RouteMap
  private readonly app: App
  private readonly outermost: App
  private layered = false
  private failed = false

  constructor(app: App) {
    this.app = app
    this.outermost = outermostOf(app)
    this.routes = new RouteMap(app, (layer, ofRoute) => this.visit(layer, ofRoute))
  }

  refresh(layered: boolean): void {
    if (this.failed) return
    try {
      this.stayLast()
      if (layered && !this.layered) {
        this.layered = true
        this.routes.rebuild()
      } else {
        this.routes.refresh()
      }
    } catch (error) {
      this.failed = true
      reportFailure('reading the routes of Express', error)
    }
  }

  private stayLast(): void {
    for (let app = this.app; app.parent; app = app.parent) routerOf(app.parent)?.stack.forEach(watchErrors)
    const router = routerOf(this.outermost)
    if (!router || router.stack.at(-1)?.handle === noteUnhandledError) return
    router.use(noteUnhandledError)
    const last = router.stack.at(-1)
    if (last) watchEnd(last)
  }

  private visit(layer: Layer, ofRoute: boolean): void {
    if (handlesErrors(layer)) watchErrors(layer)
    else if (hidesApp(layer) && !this.routes.isLinked(layer)) this.findApp(layer)
    if (this.layered) showLayer(layer, ofRoute)
  }

  /** Waits for the first request that enters a hidden app: while Express sets it up, `req.app` is that app. */
  private findApp(layer: Layer): void {
    const method = requestMethodOf(layer)
    const { routes } = this
    if (Object.hasOwn(layer, method)) return
    layer[method] = function handleRequest(req, res, next) {
      const outer = (req as Request).app as unknown as App
      onNextRead(res as Response, 'locals', () => {
        const app = (req as Request).app as unknown as App
        if (app === outer || app.parent !== outer) return
        delete layer[method]
        routes.link(layer, app)
      })
      return prototypeOf(layer)[method]?.call(layer, req, res, next)
    }
  }
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

// Express 4 calls it so.
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

/** Notes that a request came past all layers although it had its response: somebody called `next` too often. */
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

function outermostOf(app: App): App {
  let outermost = app
  while (outermost.parent) outermost = outermost.parent
  return outermost
}

/** Calls back when a property is read for the next time, and leaves it as it was. */
function onNextRead<Target extends object>(target: Target, name: keyof Target, read: () => void): void {
  const own = Object.getOwnPropertyDescriptor(target, name)
  if (own && !own.configurable) return
  const restore = (): void => {
    if (own) Object.defineProperty(target, name, own)
    else delete target[name]
  }
  Object.defineProperty(target, name, {
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
