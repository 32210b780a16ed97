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

/** What the server says unasked. */
const UNASKED: ReadonlySet<unknown> = new Set(['notification', 'notice'])

/** True when a client has not begun to connect: nothing of its session was missed. */
export function isNew(client: object): boolean {
  const { [CONNECTING]: connecting, [CONNECTED]: connected } = client as Emitter
  return connecting === false && connected === false
}

/**
 * The socket of a client that was connected before it was traced was opened in the context of somebody, who may be
 * long gone: what the server says unasked is heard in none.
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
