/** Under this name routers leave the path they matched. */
export const MATCHED_ROUTE = '_matchedRoute'

/** A layer of `@koa/router`: a route, or without methods a middleware of `router.use`. */
export interface Layer {
  readonly path: string | RegExp
  readonly methods: readonly string[]
  readonly regexp?: RegExp | undefined
  readonly name?: unknown
  readonly paramNames: readonly { readonly name: string | number }[]
}

/** What the versions 8 to 15 of `@koa/router` leave on a context. */
export interface Routed {
  /** Path of the layer that ran last; in version 8 of the one that matched last. */
  readonly [MATCHED_ROUTE]?: string | RegExp | undefined
  /** Path of the layer that ran last; not in version 8. */
  readonly routerPath?: string | RegExp | undefined
  /** Name of the layer that ran last, if it has one. */
  readonly routerName?: unknown
  /** Every layer that the path matched, of any method, in all routers the request came to. */
  readonly matched?: readonly Layer[] | undefined
  readonly params?: Readonly<Record<string, unknown>> | undefined
  /** What the layer that ran last captured. */
  readonly captures?: readonly (string | undefined)[] | undefined
}
