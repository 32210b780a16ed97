import { once } from 'node:events'
import type { Server } from 'node:http'
import { setImmediate, setTimeout } from 'node:timers/promises'

import { requestsInFlight } from '@spanwright/core'
import type { Tracing } from '@spanwright/sdk'

/**
 * Ends the process after SIGTERM once its requests are answered.
 * @param beginDraining makes the readiness probe fail
 */
export function stopGracefully(
  server: Server,
  sdk: Tracing,
  beginDraining: () => void,
  { drain = 5000, deadline = 20_000 } = {},
): void {
  process.once('SIGTERM', () => void stop())

  async function stop(): Promise<void> {
    beginDraining()
    // Until the load balancer has noticed and sends no more requests.
    await setTimeout(drain)
    const closed = once(server, 'close')
    server.close()
    await Promise.race([closed, setTimeout(deadline, undefined, { ref: false })])
    for (const request of requestsInFlight()) console.warn('not answered in time', request)
    server.closeAllConnections()
    await closed
    // A server is closed before the responses that were cut off, whose spans end with them.
    while (requestsInFlight().length > 0) await setImmediate()
    // Stop consumers and pools here: their last work is still traced.
    await sdk.shutdown()
  }
}
