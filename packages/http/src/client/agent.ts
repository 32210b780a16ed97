import type { Agent, ClientRequest } from 'node:http'

import { type HttpClient, isWrapped, show, wrapMethod } from '@spanwright/core/plugin'

import { type ClientTracingOptions, httpClientFor } from './options.ts'
import { startRequest } from './start.ts'

/** The method with which a request asks its agent for a connection; Node does not document it. */
interface Asked {
  addRequest(req: ClientRequest, options: unknown, port?: unknown): unknown
}

/**
 * Traces every request that goes through an agent of `node:http` or `node:https`: one client span each, from the call to
 * the end of the response body. The agent itself is returned, and gets its own `addRequest` method.
 * @throws TypeError when it isn't given an agent, or an option is unknown or of the wrong type
 */
export function traceAgent<Requests extends Agent>(
  agent: Requests,
  options?: ClientTracingOptions,
): Requests {
  if (!isAgent(agent)) {
    throw new TypeError(
      `traceAgent(): expected an agent of node:http or node:https, with a method addRequest(); got ${show(agent)}`,
    )
  }
  const client = httpClientFor('traceAgent()', options)
  if (!isWrapped<Asked>(agent, 'addRequest')) wrapAgent(agent, client)
  return agent
}

/** @returns a function that restores the method */
export function wrapAgent(agent: object, client: HttpClient): () => void {
  return wrapMethod<Asked, 'addRequest'>(agent as Asked, 'addRequest', addRequest => {
    return function addTraced(this: unknown, ...args: Parameters<Asked['addRequest']>): unknown {
      const [req, given, port] = args
      startRequest(client, req, typeof given === 'string' ? port : (given as { port?: unknown } | null)?.port)
      return Reflect.apply(addRequest, this, args)
    }
  })
}

function isAgent(agent: unknown): agent is Agent & Asked {
  return (
    typeof agent === 'object' && agent !== null && typeof (agent as Partial<Asked>).addRequest === 'function'
  )
}
