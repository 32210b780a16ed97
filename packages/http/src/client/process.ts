import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type ClientRequest, globalAgent } from 'node:http'
import { globalAgent as globalAgentOfTls } from 'node:https'

import { type ClientTracingOptions, httpClientFor } from './options.ts'
import { wrapAgent } from './agent.ts'
import { startRequest } from './start.ts'

/** The handle returned by {@link traceHttp}. */
export interface HttpTracing extends Disposable {
  /** Stops tracing new requests. Open ones are traced to their end. */
  stop(): void
}

const CREATED = 'http.client.request.created'

/** Node 22 is the first version that publishes requests before they are sent. */
const PUBLISHES = Number.parseInt(process.versions.node, 10) >= 22

/**
 * Traces every request of the process that goes through `node:http` or `node:https`: one client span each, from the call
 * to the end of the response body. On Node 20, it traces those that go through the two global agents.
 * @throws TypeError when an option is unknown or of the wrong type
 */
export function traceHttp(options?: ClientTracingOptions): HttpTracing {
  const client = httpClientFor('traceHttp()', options)
  const created = (message: unknown): void =>
    startRequest(client, (message as { readonly request: ClientRequest }).request)
  const ends: (() => unknown)[] = []
  if (PUBLISHES) {
    subscribe(CREATED, created)
    ends.push(() => unsubscribe(CREATED, created))
  } else ends.push(wrapAgent(globalAgent, client), wrapAgent(globalAgentOfTls, client))
  function stop(): void {
    for (const end of ends.splice(0)) end()
  }
  return { stop, [Symbol.dispose]: stop }
}
