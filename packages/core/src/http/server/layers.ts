import { context as contextApi, type Span, SpanKind, trace } from '@opentelemetry/api'

import type { ServerAnswer } from './framework.ts'
import { guardMethods } from '../../host/guard.ts'
import { isRecording, writeTo } from '../../host/span.ts'
import { Operation } from '../../operation/operation.ts'
import { aListOfStrings, aPositiveNumber, oneOf, type OptionRules } from '../../host/options.ts'
import { isMeantForClient } from './ending.ts'
import { exceptionOf } from '../../operation/errors/exception.ts'
import { errorTypeOf, isError } from '../../operation/errors/kind.ts'
import { type Ending, SUCCESS } from '../../operation/outcome.ts'
import {
  ATTR_SPANWRIGHT_LAYER_DURATION,
  ATTR_SPANWRIGHT_LAYER_KIND,
  ATTR_SPANWRIGHT_LAYER_NAME,
  EVENT_SLOW_LAYER,
} from '../../semconv/http.ts'
import type { Settings } from '../../operation/settings.ts'

/** Which middleware and handlers of a request are reported, and how. */
export interface LayerOptions {
  /**
   * `off`: nothing, `events`: an event on the server span for each slow layer, `spans`: a span for each layer. Default:
   * `off`.
   */
  readonly layers?: 'off' | 'events' | 'spans' | undefined
  /** Own time in milliseconds above which a layer is slow; time spent waiting for `next` does not count. Default: 5. */
  readonly layerThreshold?: number | undefined
  /** Names of functions that get neither event nor span. Default: none. */
  readonly ignoreLayers?: readonly string[] | undefined
}

export const LAYER_RULES: OptionRules = {
  layers: oneOf('off', 'events', 'spans'),
  layerThreshold: aPositiveNumber,
  ignoreLayers: aListOfStrings,
}

export type LayerKind = 'middleware' | 'handler' | 'error handler' | 'guard' | 'pipe' | 'controller'

/** A middleware or handler while it handles a request. */
export interface Layer {
  /** Runs its work, in the context of its span if it has one. */
  run<T>(work: () => T): T
  /** Pauses its own time: it has called the next layer. */
  leave(): void
  /** Resumes its own time: the next layer has finished. */
  comeBack(): void
  /** Only the first call counts. */
  end(thrown?: { readonly value: unknown }): void
}

/** Reports the layers of one server's requests. */
export class Layers<Described> {
  /** False: no layer is reported. */
  readonly enabled: boolean
  readonly settings: Settings<Described>
  readonly asSpans: boolean
  /** In milliseconds. */
  readonly threshold: number
  readonly ignored: ReadonlySet<string>

  constructor(settings: Settings<Described>, options: LayerOptions) {
    const { layers = 'off', layerThreshold = 5, ignoreLayers = [] } = options
    this.settings = settings
    this.enabled = layers !== 'off'
    this.asSpans = layers === 'spans'
    this.threshold = layerThreshold
    this.ignored = new Set(ignoreLayers)
  }

  /**
   * The layers of one request; undefined when they would not be recorded. Call it while the span of the request is
   * active.
   */
  of(res: ServerAnswer): RequestLayers | undefined {
    const span = trace.getActiveSpan()
    return this.enabled && isRecording(span) ? new RequestLayers(this, span, res) : undefined
  }
}

/** The layers of one request. Any layer still open ends with the response. */
export class RequestLayers {
  private readonly layers: Layers<never>
  private readonly server: Span
  private readonly open = new Set<Layer>()

  constructor(layers: Layers<never>, server: Span, res: ServerAnswer) {
    this.layers = layers
    this.server = server
    // Before the listener that ends the span of the request.
    res.prependOnceListener('close', () => {
      for (const layer of this.open) layer.end()
    })
  }

  /** @returns undefined when it is not reported */
  start(kind: LayerKind, name: string): Layer | undefined {
    const { settings, asSpans, threshold, ignored } = this.layers
    if (ignored.has(name) || !isRecording(this.server)) return undefined
    const { open } = this
    const layer: Layer = asSpans
      ? new LayerSpan(settings, kind, name, open)
      : new TimedLayer(this.server, kind, name, threshold, open)
    open.add(layer)
    return layer
  }
}

guardMethods('following layers', Layers, 'of')
guardMethods('following layers', RequestLayers, 'start')

/** Adds an event to the server span when the layer was slow. */
class TimedLayer implements Layer {
  private readonly server: Span
  private readonly kind: LayerKind
  private readonly name: string
  private readonly threshold: number
  private readonly open: Set<Layer>
  private since: number = performance.now()
  private ownMs = 0
  private handedOver = 0

  constructor(server: Span, kind: LayerKind, name: string, threshold: number, open: Set<Layer>) {
    this.server = server
    this.kind = kind
    this.name = name
    this.threshold = threshold
    this.open = open
  }

  run<T>(work: () => T): T {
    return work()
  }

  leave(): void {
    if (this.handedOver++ === 0) this.ownMs += performance.now() - this.since
  }

  comeBack(): void {
    if (--this.handedOver === 0) this.since = performance.now()
  }

  end(): void {
    if (!this.open.delete(this)) return
    if (this.handedOver === 0) this.ownMs += performance.now() - this.since
    if (this.ownMs < this.threshold || !isRecording(this.server)) return
    writeTo(this.server, 'addEvent', EVENT_SLOW_LAYER, {
      [ATTR_SPANWRIGHT_LAYER_KIND]: this.kind,
      [ATTR_SPANWRIGHT_LAYER_NAME]: this.name,
      [ATTR_SPANWRIGHT_LAYER_DURATION]: this.ownMs,
    })
  }
}

/** A layer with its own span, a child of the active span. */
class LayerSpan<Described> implements Layer {
  private readonly operation: Operation<Described>
  private readonly open: Set<Layer>
  private readonly rawErrors: boolean

  constructor(settings: Settings<Described>, kind: LayerKind, name: string, open: Set<Layer>) {
    this.open = open
    this.rawErrors = settings.rawErrors
    this.operation = new Operation(settings, {
      kind: SpanKind.INTERNAL,
      name: `${kind} ${name}`,
      attributes: { [ATTR_SPANWRIGHT_LAYER_KIND]: kind, [ATTR_SPANWRIGHT_LAYER_NAME]: name },
      parent: contextApi.active(),
    })
  }

  run<T>(work: () => T): T {
    return this.operation.run(work)
  }

  leave(): void {}

  comeBack(): void {}

  end(thrown?: { readonly value: unknown }): void {
    this.open.delete(this)
    this.operation.end(thrown ? endingOf(thrown.value, this.rawErrors) : SUCCESS)
  }
}

/** Without an exception event: an error passes many layers, and the event is recorded once, on the server span. */
function endingOf(thrown: unknown, rawErrors: boolean): Ending {
  if (isMeantForClient(thrown)) return SUCCESS
  const message = isError(thrown) ? exceptionOf(thrown, rawErrors).message : ''
  return { failed: true, errorType: errorTypeOf(thrown), ...(message && { description: message }) }
}
