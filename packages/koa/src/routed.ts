/** Property in which routers store the path they matched. */
export const MATCHED_ROUTE = '_matchedRoute'

/** A layer of `@koa/router`: a route, or, without methods, middleware added by `router.use`. */
export interface Layer {
  readonly path: string | RegExp
  readonly methods: readonly string[]
  readonly regexp?: RegExp | undefined
  readonly name?: unknown
  readonly paramNames: readonly { readonly name: string | number }[]
}

/** Properties that versions 8 to 15 of `@koa/router` store on a context. */
export interface Routed {
  /** Path of the layer that ran last; in version 8, of the layer that matched last. */
  readonly [MATCHED_ROUTE]?: string | RegExp | undefined
  /** Path of the layer that ran last; missing in version 8. */
  readonly routerPath?: string | RegExp | undefined
  /** Name of the layer that ran last, if it has one. */
  readonly routerName?: unknown
  /** Every layer whose path matched, for any method, in all routers the request reached. */
  readonly matched?: readonly Layer[] | undefined
  readonly params?: Readonly<Record<string, unknown>> | undefined
  /** Captures of the layer that ran last. */
  readonly captures?: readonly (string | undefined)[] | undefined
}
