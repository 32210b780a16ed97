import type { EventEmitter } from 'node:events'
import { type IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http'
import { Server as HttpsServer } from 'node:https'

import { isWrapped, type ServerAnswer, type ServerRequest, show, wrapMethod } from '@spanwright/core/plugin'

import { answer } from './answer.ts'
import { httpServerFor, type ServerTracingOptions } from './options.ts'

/** Events with which a server emits a request and its response. */
const ANSWERED: ReadonlySet<unknown> = new Set(['request', 'checkContinue', 'checkExpectation'])
/** Events with which a server emits a request and its connection. */
const HANDED_OVER: ReadonlySet<unknown> = new Set(['upgrade', 'connect'])

/**
 * Traces the requests of a server of `node:http` or `node:https`, and those of `node:http2` that come as request and
 * response: one server span each, from the event to the end of the response. The server itself is returned, and gets
 * its own `emit` method.
 * @throws TypeError when it isn't given such a server, or an option is unknown or of the wrong type
 */
export function traceServer<Server extends EventEmitter>(
  server: Server,
  options?: ServerTracingOptions,
): Server {
  if (!isServer(server)) {
    throw new TypeError(
      `traceServer(): expected a server, such as http.createServer() makes; got ${show(server)}. A function is for traceListener()`,
    )
  }
  const traced = httpServerFor('traceServer()', options)
  if (isWrapped<EventEmitter>(server, 'emit') || KNOWN.has(server)) return server
  if (isPatched(server)) {
    // Its span starts within `emit`, where a listener finds it.
    KNOWN.add(server)
    server.prependListener('request', (req: ServerRequest, res: ServerAnswer) => traced.begin(req, res, req))
    return server
  }
  wrapMethod<EventEmitter, 'emit'>(server, 'emit', emit => {
    return function emitTraced(this: unknown, ...args: unknown[]): unknown {
      const [event, req, second] = args
      if (ANSWERED.has(event)) {
        return answer(traced, req as ServerRequest, second as ServerAnswer, emit, this, args)
      }
      // Listeners answer on the connection; any other response ends with the connection at the latest.
      if (HANDED_OVER.has(event) && isRequest(req)) {
        return answer(traced, req, new ServerResponse(req), emit, this, args)
      }
      return Reflect.apply(emit, this, args)
    }
  })
  return server
}

/** Servers whose `emit` was left alone. */
const KNOWN = new WeakSet<object>()

/** True when another instrumentation has replaced the method of all servers: Node's own prototypes have none. */
function isPatched(server: object): boolean {
  const classes = [HttpServer.prototype, HttpsServer.prototype]
  return classes.some(prototype => Object.hasOwn(prototype, 'emit') && prototype.isPrototypeOf(server))
}

function isServer(server: unknown): boolean {
  if (typeof server !== 'object' || server === null) return false
  const { emit, listen, setTimeout } = server as Record<string, unknown>
  return [emit, listen, setTimeout].every(method => typeof method === 'function')
}

/** Over HTTP/2, the event `connect` passes a stream, if anything. */
function isRequest(value: unknown): value is IncomingMessage {
  return typeof (value as Partial<IncomingMessage> | undefined)?.httpVersionMajor === 'number'
}
