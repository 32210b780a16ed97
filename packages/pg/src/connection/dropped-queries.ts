import { attempt, wrapMethod } from '@spanwright/core/plugin'

import type { Callback } from '../query/call.ts'
import type { Method } from '../query/running.ts'
import { submittedQueryOf } from '../query/submitted.ts'

/** A client's state of its connection and its queries. Names differ between versions. */
interface ClientState {
  readonly connection?: unknown
  readonly _connecting?: unknown
  readonly _connected?: unknown
  readonly _queryQueue?: unknown
  readonly queryQueue?: unknown
}

/** A traced client that ends the spans of queries it has not sent. */
interface Dropping {
  drop(error: Error): void
}

/** Ends the spans of queries that node-postgres drops without an answer. */
export function followDropped(client: object, traced: Dropping): void {
  const { end, cancel } = client as { end?: unknown; cancel?: unknown }
  if (typeof end === 'function') {
    wrapMethod(client as { end: Method }, 'end', original => {
      return function (this: unknown): unknown {
        const result: unknown = Reflect.apply(original, this, arguments)
        if (isUnconnected(client)) attempt('ending queries', drop, traced)
        return result
      }
    })
  }
  if (typeof cancel === 'function') {
    wrapMethod(client as { cancel: Method }, 'cancel', original => tracedCancel(original))
  }
}

/** True for a client whose `connect()` was not called. A pg-native client waits for that call when it is ended. */
export function isUnconnected(client: object): boolean {
  const { connection, _connecting: connecting, _connected: connected } = client as ClientState
  return connection !== undefined && connecting === false && connected === false
}

function drop(traced: Dropping): void {
  traced.drop(new Error('Client was closed and is not queryable'))
}

/** A client cancels another client's query; a pg-native client cancels its own. */
function tracedCancel(original: Method): Callback {
  return function (this: unknown, client: unknown, query: unknown = client): unknown {
    const target = query === client ? this : client
    const wasWaiting = attempt('reading a client', isWaiting, target, query)
    const result: unknown = Reflect.apply(original, this, arguments)
    if (wasWaiting && !attempt('reading a client', isWaiting, target, query)) {
      submittedQueryOf(query as object)?.fail(new Error('The query was cancelled before it was sent'))
    }
    return result
  }
}

function isWaiting(client: unknown, query: unknown): boolean {
  const { _queryQueue: queue = (client as ClientState).queryQueue } = client as ClientState
  return Array.isArray(queue) && queue.includes(query)
}
