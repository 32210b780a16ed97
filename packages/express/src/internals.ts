// The private parts of Express's objects that are read, for all its versions. No other file knows their shape, and
// `checkInternals()` reports which of them an app lacks.

/** Called by a router with an error or a request; a layer inherits one method for each. */
type LayerMethod = (this: Layer, ...args: unknown[]) => unknown

/** Result of an Express 5 matcher: parameters, and the part of the path it covers. */
export interface Match {
  readonly path: string
  readonly params: Readonly<Record<string, unknown>>
}

/** One entry of a router: a middleware, a mounted router or app, or a route. */
export interface Layer {
  readonly handle: Handle
  readonly name: string
  readonly route?: Route | undefined
  /** Express 4: the path compiled to an expression. */
  readonly regexp?: RegExp & { readonly fast_slash?: boolean }
  /** Express 4: parameters, in the order of their groups. */
  readonly keys?: readonly { readonly name: string | number }[]
  /** Express 5: one matcher for each alternative of the path. */
  readonly matchers?: readonly ((path: string) => Match | false)[]
  /** Express 5: true for a middleware without a path. */
  readonly slash?: boolean
  /** router 2.3: the path as written. */
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

/** Created by `app.get('/path', …)` and `app.route('/path')`. */
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
  // Express 4 has a `router` accessor that throws.
  const { _router } = app as { _router?: Router }
  return 'lazyrouter' in app ? _router : (app as unknown as { router: Router }).router
}

/** The router behind a layer, when it is visible from outside. */
export function routerBehind({ handle }: Layer): Router | undefined {
  if (Array.isArray(handle.stack)) return handle as unknown as Router
  const isApp = typeof handle.set === 'function' && 'mountpath' in handle
  return isApp ? routerOf(handle as unknown as App) : undefined
}

const HIDING = new WeakMap<Handle, boolean>()

/** Texts in the function that Express wraps around a mounted app, even in minified bundles. */
const WORDS_OF_MOUNTED_APP = ['.app', '.handle(', '.request', '.response'] as const

/** That function is short; a longer one is not read. */
const LONGEST_MOUNTED_APP = 500

/** True for the function that Express wraps around a mounted app. */
export function hidesApp({ handle, route }: Layer): boolean {
  if (route !== undefined || handle.length !== 3) return false
  const known = HIDING.get(handle)
  if (known !== undefined) return known
  const source = Function.prototype.toString.call(handle)
  const hides =
    source.length < LONGEST_MOUNTED_APP && WORDS_OF_MOUNTED_APP.every(word => source.includes(word))
  HIDING.set(handle, hides)
  return hides
}

/** True for a layer of a route, a router or an app, where another layer answers. */
export function leadsOn(layer: Layer): boolean {
  return layer.route !== undefined || hidesApp(layer) || routerBehind(layer) !== undefined
}

/** True for a layer that is called only with errors. */
export function handlesErrors(layer: Layer): boolean {
  return layer.handle.length === 4
}

/**
 * Creates a separate layer for a path, modelled on an existing one, to match paths without touching the layers that
 * serve requests.
 */
export function layerLike(layer: Layer, path: unknown, end: boolean): Layer {
  const Constructor = layer.constructor as new (path: unknown, options: object, handle: unknown) => Layer
  const sensitive = layer.regexp !== undefined && !layer.regexp.ignoreCase
  return new Constructor(path, { sensitive, strict: false, end }, () => undefined)
}

/** The method through which routers pass an error to a layer, in this version of Express. */
export function errorMethodOf(layer: Layer): 'handle_error' | 'handleError' {
  return 'handle_error' in layer ? 'handle_error' : 'handleError'
}

/** The method through which routers pass a request to a layer, in this version of Express. */
export function requestMethodOf(layer: Layer): 'handle_request' | 'handleRequest' {
  return 'handle_request' in layer ? 'handle_request' : 'handleRequest'
}

/**
 * Names the parts of Express that differ from the expected shape, for future versions; empty when there are none.
 */
export function checkInternals(app: App): string[] {
  const router = routerOf(app)
  if (!Array.isArray(router?.stack)) return ['the stack of a router']
  const { stack } = router
  const missing = new Set<string>()
  for (const layer of stack) {
    const prototype = (Object.getPrototypeOf(layer) ?? {}) as Layer
    if (typeof layer.handle !== 'function') missing.add('the function of a layer')
    if (!Array.isArray(layer.matchers) && !(layer.regexp instanceof RegExp))
      missing.add('what a layer matches')
    if (typeof prototype[requestMethodOf(layer)] !== 'function') missing.add('how a layer is given a request')
    if (typeof prototype[errorMethodOf(layer)] !== 'function') missing.add('how a layer is given an error')
    if (layer.route && !Array.isArray(layer.route.stack)) missing.add('the handlers of a route')
  }
  return [...missing]
}
