import { guardMethods, originalOf } from '@spanwright/core/plugin'
import type Koa from 'koa'
import type { Context, Middleware, Next } from 'koa'

import { type AnyMiddleware, layered } from './layered.ts'
import type { Layer } from './routed.ts'

type Chain = (ctx: Context) => unknown

/** Middleware created by `router.routes()` of `@koa/router`. */
interface RouterMiddleware {
  readonly router?: { readonly stack: readonly (Layer & { readonly stack: AnyMiddleware[] })[] }
}

/**
 * Runs an app's middleware after tracing so that each is reported. Koa's own composition cannot be changed at that
 * point, so the same middleware is composed again and runs in its place.
 */
export class LayeredApps {
  private readonly chains = new WeakMap<Koa, Chain>()
  private readonly routers = new WeakMap<object, number>()

  /** @param tracer the middleware after which the layers begin */
  run(tracer: Middleware, ctx: Context, next: Next): unknown {
    const chain = this.chains.get(ctx.app) ?? this.compose(tracer, ctx.app)
    return chain ? chain(ctx) : next()
  }

  /** @returns undefined when tracing is not among the app's own middleware */
  private compose(tracer: Middleware, app: Koa): Chain | undefined {
    const at = app.middleware.indexOf(tracer as Koa['middleware'][number])
    if (at < 0) return undefined
    const rest = app.middleware.slice(at + 1).map(one => this.layer(one as AnyMiddleware))
    const chain = ((app as { compose?: typeof compose }).compose ?? compose)(rest)
    this.chains.set(app, chain)
    return chain
  }

  /** A router is not a layer itself; its middleware and handlers are. */
  private layer(middleware: AnyMiddleware): AnyMiddleware {
    const { router } = middleware as RouterMiddleware
    if (!router?.stack) return layered(middleware, 'middleware', middleware.name || 'anonymous')
    return (ctx, next) => {
      this.watch(router)
      return middleware(ctx, next)
    }
  }

  private watch(router: NonNullable<RouterMiddleware['router']>): void {
    const { stack } = router
    if (this.routers.get(router) === stack.length) return
    this.routers.set(router, stack.length)
    for (const layer of stack) {
      for (const [i, one] of layer.stack.entries()) {
        if (originalOf(one) !== undefined) continue
        const kind = layer.methods.length > 0 && !paramOf(one) ? 'handler' : 'middleware'
        layer.stack[i] = layered(one, kind, nameOf(one, layer, kind))
      }
    }
  }
}

guardMethods('reading the middleware of Koa', LayeredApps, 'compose', 'watch')

function nameOf(middleware: AnyMiddleware, { path }: Layer, kind: string): string {
  const param = paramOf(middleware)
  if (param) return `param ${param}`
  return middleware.name || (kind === 'handler' ? String(path) : 'anonymous')
}

/** Name of the parameter that a middleware of `router.param` is for. */
function paramOf(middleware: AnyMiddleware): string | undefined {
  return (middleware as { param?: string }).param
}

/** Same as koa-compose, for Koa 2, which does not expose its own. */
function compose(middleware: readonly AnyMiddleware[]): Chain {
  return ctx => {
    let last = -1
    function dispatch(i: number): Promise<unknown> {
      if (i <= last) return Promise.reject(new Error('next() called multiple times'))
      last = i
      const one = middleware[i]
      if (!one) return Promise.resolve()
      try {
        return Promise.resolve(one(ctx, () => dispatch(i + 1)))
      } catch (error) {
        return Promise.reject(error)
      }
    }
    return dispatch(0)
  }
}
