import { context as contextApi, createContextKey } from '@opentelemetry/api'
import { requestSpan } from '@spanwright/core'
import {
  attempt,
  contextWithValue,
  isThenable,
  isWrapped,
  type LayerKind,
  type RequestLayers,
  wrapMethod,
} from '@spanwright/core/plugin'

import { layersOf } from '../layered.ts'
import { isExecution, isHost, nameSpan, noteError, requestOf } from './host.ts'
import { type Ended, isObservable, watchEnd } from './observable.ts'

// What Nest calls guards, pipes and filters. It knows them by their method alone, and an object of the application may
// have one of that name, so each call is recognised by its arguments.

type Method = (this: unknown, ...args: unknown[]) => unknown

const LAYERS = createContextKey('spanwright.nest.layers')

/** Runs work in which pipes find the layers of their request: Nest does not give them the request. */
export function withLayers<T>(layers: RequestLayers, work: () => T): T {
  return contextApi.with(contextWithValue(contextApi.active(), LAYERS, layers), work)
}

/** Replaces the method of a guard, a pipe or a filter on the instance. */
export function watchEnhancer(instance: object): void {
  watch(instance, 'canActivate', original => {
    const { name } = instance.constructor
    return function canActivate(this: unknown, ...args) {
      const [execution] = args
      if (!isExecution(execution)) return original.apply(this, args)
      const request = requestOf(execution)
      const layers = request && layersOf(request)
      // A request that a guard refuses does not reach the interceptor.
      if (request) nameSpan(requestSpan(), execution)
      const noted: Ended = thrown => {
        if (thrown) noteError(execution, thrown.value)
      }
      return runLayer('guard', name, layers, noted, () => original.apply(this, args))
    }
  })
  watch(instance, 'transform', original => {
    const { name } = instance.constructor
    return function transform(this: unknown, ...args) {
      const isPipe = attempt('reading a call of Nest', isOfArgument, args[1])
      const layers = isPipe ? (contextApi.active().getValue(LAYERS) as RequestLayers | undefined) : undefined
      if (!layers) return original.apply(this, args)
      return runLayer('pipe', name, layers, undefined, () => original.apply(this, args))
    }
  })
  watch(instance, 'catch', original => {
    return function caught(this: unknown, ...args) {
      const [error, host] = args
      if (isHost(host)) noteError(host, error)
      return original.apply(this, args)
    }
  })
}

function watch(instance: object, name: string, wrap: (original: Method) => Method): void {
  const target = instance as Record<string, Method>
  if (typeof target[name] === 'function' && !isWrapped(target, name)) wrapMethod(target, name, wrap)
}

/** True for what Nest tells a pipe about the argument. */
function isOfArgument(metadata: unknown): boolean {
  return typeof metadata === 'object' && metadata !== null && 'type' in metadata && 'metatype' in metadata
}

/** Runs one call as a layer, if it is reported. */
function runLayer(
  kind: LayerKind,
  name: string,
  layers: RequestLayers | undefined,
  noted: Ended | undefined,
  work: () => unknown,
): unknown {
  const layer = layers?.start(kind, name)
  const ended: Ended = thrown => {
    noted?.(thrown)
    layer?.end(thrown)
  }
  let result: unknown
  try {
    result = layer ? layer.run(work) : work()
  } catch (error) {
    ended({ value: error })
    throw error
  }
  if (isThenable(result)) {
    return result.then(
      value => {
        ended()
        return value
      },
      (error: unknown) => {
        ended({ value: error })
        throw error
      },
    )
  }
  // Only a guard may answer with one; for a pipe it is a value like any other.
  if (kind === 'guard' && isObservable(result)) return watchEnd(result, ended)
  ended()
  return result
}
