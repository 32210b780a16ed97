import { context as contextApi, ROOT_CONTEXT } from '@opentelemetry/api'
import { wrapMethod } from '@spanwright/core/plugin'

import type { Method } from '../query/running.ts'

interface Emitter {
  emit?: unknown
  /** True once `connect()` was called. */
  readonly [CONNECTING]?: unknown
  readonly [CONNECTED]?: unknown
}

const CONNECTING = '_connecting'
const CONNECTED = '_connected'

/** Messages the server sends without a request. */
const UNASKED: ReadonlySet<unknown> = new Set(['notification', 'notice'])

/** True when a client has not started to connect: nothing of its session was missed. */
export function isNew(client: object): boolean {
  const { [CONNECTING]: connecting, [CONNECTED]: connected } = client as Emitter
  return connecting === false && connected === false
}

/**
 * Runs the handlers of unrequested server messages outside any context. The socket of a client connected before it was
 * traced was opened in some caller's context, which may have ended long ago.
 */
export function detachEvents(client: object): void {
  const emitter: Emitter = client
  if (isNew(client) || typeof emitter.emit !== 'function') return
  wrapMethod(client as { emit: Method }, 'emit', original => {
    return function emit(this: unknown, name: unknown): unknown {
      return UNASKED.has(name)
        ? contextApi.with(ROOT_CONTEXT, Reflect.apply, undefined, original, this, arguments)
        : Reflect.apply(original, this, arguments)
    }
  })
}
