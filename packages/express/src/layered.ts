import { type Context, context as contextApi, type Span, trace } from '@opentelemetry/api'
import { ATTR_SPANWRIGHT_LAYER_NAME, EVENT_NEXT_TWICE } from '@spanwright/core/semconv'
import { exchangeOf, type LayerKind, type RequestLayers } from '@spanwright/core/plugin'
import type { Request } from 'express'

import {
  errorMethodOf,
  handlesErrors,
  type Handle,
  type Layer,
  leadsOn,
  requestMethodOf,
} from './internals.ts'

/** Key on a request for its layers. */
const LAYERS: unique symbol = Symbol('spanwright.layers')

interface Layered {
  [LAYERS]?: RequestLayers
}

/** Reports every layer the request passes from now on. */
export function setLayers(req: Request, layers: RequestLayers): void {
  ;(req as Layered)[LAYERS] = layers
}

/** The layers of a request, when they are reported. */
export function layersOf(req: object): RequestLayers | undefined {
  return (req as Layered)[LAYERS]
}

const SILENT = new WeakSet<Handle>()

/** Excludes one of our own functions from the report. */
export function keepSilent(handle: (...args: never[]) => unknown): void {
  SILENT.add(handle)
}

/**
 * Adds an own method to a layer of a router, overriding the inherited one, that reports the middleware or handler in
 * it. Neither that function nor anything shared with other layers is changed.
 */
export function showLayer(layer: Layer, ofRoute: boolean): void {
  if (leadsOn(layer) || SILENT.has(layer.handle)) return
  const isForErrors = handlesErrors(layer)
  const method = isForErrors ? errorMethodOf(layer) : requestMethodOf(layer)
  const inherited = layer[method]
  if (!inherited || SHOWN.has(layer)) return
  SHOWN.add(layer)
  const kind: LayerKind = isForErrors ? 'error handler' : ofRoute ? 'handler' : 'middleware'
  layer[method] = function showingLayer(...args) {
    const req = args[isForErrors ? 1 : 0] as Request & Layered
    const shown = req[LAYERS]?.start(kind, layer.name)
    if (!shown) return inherited.apply(layer, args)
    const handedOver = args.at(-1) as Next
    const nextOfRequest = req.next as Next
    const span = trace.getActiveSpan()
    let calls = 0
    const goOnWith = (go: Next): Next =>
      function next(reason) {
        if (++calls === 2)
          exchangeOf(req)?.addEvent(EVENT_NEXT_TWICE, { [ATTR_SPANWRIGHT_LAYER_NAME]: layer.name })
        if (req.next === shownNext) req.next = nextOfRequest
        shown.end(thrownBy(reason))
        contextApi.with(withSpanOf(span), () => go(reason))
      }
    const shownNext = goOnWith(nextOfRequest)
    req.next = shownNext
    // Within a route there are two: the next handler of the route, and the first one after the route.
    const given = handedOver === nextOfRequest ? shownNext : goOnWith(handedOver)
    return shown.run(() => inherited.apply(layer, [...args.slice(0, -1), given]))
  }
}

/** The active context with another span: values that middleware has set stay. */
function withSpanOf(span: Span | undefined): Context {
  const active = contextApi.active()
  return span ? trace.setSpan(active, span) : trace.deleteSpan(active)
}

const SHOWN = new WeakSet<Layer>()

type Next = (reason?: unknown) => void

/** The argument of `next` if it is an error: not undefined, nor one of the two words for leaving a route. */
function thrownBy(reason: unknown): { readonly value: unknown } | undefined {
  return !reason || reason === 'route' || reason === 'router' ? undefined : { value: reason }
}
