// The parts of Express's own objects that are read here, over all its versions. Nothing else knows their shape.

/** Called by a router for an error or a request; a layer inherits one of each. */
type LayerMethod = (this: Layer, ...args: unknown[]) => unknown

/** What a matcher of Express 5 tells of a path: parameters, and the part of the path it covers. */
export interface Match {
  readonly path: string
  readonly params: Readonly<Record<string, unknown>>
}

/** One entry of a router: a middleware, a mounted router or app, or a route. */
export interface Layer {
  readonly handle: Handle
  readonly name: string
  readonly route?: Route | undefined
  /** Express 4: what the path was made into. */
  readonly regexp?: RegExp & { readonly fast_slash?: boolean }
  /** Express 4: parameters in the order of their groups. */
  readonly keys?: readonly { readonly name: string | number }[]
  /** Express 5: one for each alternative of the path. */
  readonly matchers?: readonly ((path: string) => Match | false)[]
  /** Express 5: true for a middleware without a path. */
  readonly slash?: boolean
  /** router 2.3: the path as it was written. */
  readonly rawPath?: unknown
  handle_error?: LayerMethod
  handleError?: LayerMethod
  handle_request?: LayerMethod
  handleRequest?: LayerMethod
}

/** A function in a router, which may be a router or an app itself. */
export interface Handle {
  (...args: never[]): unknown
  readonly stack?: unknown
  readonly set?: unknown
}

/** What `app.get('/path', …)` and `app.route('/path')` make. */
export interface Route {
  readonly path: unknown
  readonly stack: readonly Layer[]
}

export interface Router {
  readonly stack: readonly Layer[]
  use(handler: (...args: never[]) => unknown): unknown
}

export interface App {
  readonly parent?: App
  readonly mountpath?: unknown
  get(setting: string): unknown
}

/** Router of an app; undefined for an app of Express 4 that has none yet. */
export function routerOf(app: App): Router | undefined {
  // Express 4 has an accessor `router` that throws.
  const { _router } = app as { _router?: Router }
  return 'lazyrouter' in app ? _router : (app as unknown as { router: Router }).router
}

/** The router that a layer leads into, when that can be seen from outside. */
export function routerBehind({ handle }: Layer): Router | undefined {
  if (Array.isArray(handle.stack)) return handle as unknown as Router
  const isApp = typeof handle.set === 'function' && 'mountpath' in handle
  return isApp ? routerOf(handle as unknown as App) : undefined
}

/** True for the function that Express puts around an app that another app uses. */
export function hidesApp(layer: Layer): boolean {
  return layer.name === 'mounted_app' && layer.route === undefined && routerBehind(layer) === undefined
}

/** True for a layer that is called with errors only. */
export function handlesErrors(layer: Layer): boolean {
  return layer.handle.length === 4
}

/**
 * Makes a layer like another one for a path of its own, with which a path can be tried without touching the
 * layers that serve requests.
 */
export function layerLike(layer: Layer, path: unknown, end: boolean): Layer {
  const Constructor = layer.constructor as new (path: unknown, options: object, handle: unknown) => Layer
  const sensitive = layer.regexp !== undefined && !layer.regexp.ignoreCase
  return new Constructor(path, { sensitive, strict: false, end }, () => undefined)
}

/** The method by which routers hand a layer an error, in this version of Express. */
export function errorMethodOf(layer: Layer): 'handle_error' | 'handleError' {
  return 'handle_error' in layer ? 'handle_error' : 'handleError'
}

/** The method by which routers hand a layer a request, in this version of Express. */
export function requestMethodOf(layer: Layer): 'handle_request' | 'handleRequest' {
  return 'handle_request' in layer ? 'handle_request' : 'handleRequest'
}
