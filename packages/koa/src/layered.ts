import {
  ATTR_SPANWRIGHT_LAYER_NAME,
  EVENT_NEXT_AFTER_RESPONSE,
  EVENT_NEXT_TWICE,
} from '@spanwright/core/semconv'
import { exchangeOf, isThenable, keepFace, type LayerKind, type RequestLayers } from '@spanwright/core/plugin'
import type { Context, Next } from 'koa'

/** Key on a context for the layers of its request. */
const LAYERS: unique symbol = Symbol('spanwright.layers')

interface Layered {
  [LAYERS]?: RequestLayers | undefined
}

/** Middleware with any result. */
export type AnyMiddleware = (this: unknown, ctx: Context, next: Next) => unknown

/** Stores the layers of a request for {@link layered} middleware. */
export function setLayers(ctx: Context, layers: RequestLayers | undefined): void {
  ;(ctx as unknown as Layered)[LAYERS] = layers
}

/** Middleware that does the same and reports itself in requests that have layers. */
export function layered(original: AnyMiddleware, kind: LayerKind, name: string): AnyMiddleware {
  const middleware: AnyMiddleware = function (ctx, next) {
    const layer = (ctx as unknown as Layered)[LAYERS]?.start(kind, name)
    if (!layer) return Reflect.apply(original, this, [ctx, next])
    const ended = (): void => layer.end()
    const failed = (error: unknown): void => layer.end({ value: error })
    const back = (): void => layer.comeBack()
    let handedOver = false
    const handOver = (): Promise<unknown> => {
      if (handedOver || ctx.res.headersSent) tellOfNext(ctx, handedOver, name)
      handedOver = true
      layer.leave()
      const rest = next()
      if (isThenable(rest)) rest.then(back, back)
      else back()
      return rest
    }
    try {
      const result = layer.run(() => Reflect.apply(original, this, [ctx, handOver]))
      if (isThenable(result)) return follow(result, ended, failed)
      ended()
      return result
    } catch (error) {
      failed(error)
      throw error
    }
  }
  return keepFace(middleware, original)
}

function tellOfNext({ req }: Context, again: boolean, name: string): void {
  const event = again ? EVENT_NEXT_TWICE : EVENT_NEXT_AFTER_RESPONSE
  exchangeOf(req)?.addEvent(event, { [ATTR_SPANWRIGHT_LAYER_NAME]: name })
}

/** A promise is returned unchanged. A thenable may repeat its work on each `then`, so it is called only once. */
function follow(
  result: PromiseLike<unknown>,
  ended: () => void,
  failed: (error: unknown) => void,
): PromiseLike<unknown> {
  const promise = result instanceof Promise ? result : Promise.resolve(result)
  void promise.then(ended, failed)
  return promise
}
