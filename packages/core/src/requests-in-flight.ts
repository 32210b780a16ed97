/** A request that is being answered. */
export interface RequestInFlight {
  /** Method as it was sent. */
  readonly method: string
  /** Pattern of its route; undefined as long as none has matched. */
  readonly route: string | undefined
  /** Path as it was sent, without the query. */
  readonly path: string
  /** Time since it arrived, in milliseconds. */
  readonly ageMs: number
  readonly traceId: string
}

/** A traced request, as the list of open ones sees it. */
export interface OpenRequest {
  describe(): RequestInFlight
  /** Ends its span although the response is not done. */
  endUnfinished(): void
}

const OPEN = new Set<OpenRequest>()
const ENDED_ON_SHUTDOWN = new Set<OpenRequest>()

/** The traced requests that are being answered at this moment, oldest first. */
export function requestsInFlight(): RequestInFlight[] {
  return Array.from(OPEN, request => request.describe())
}

/** @param endOnShutdown whether it is ended when the process is asked to end */
export function addOpenRequest(request: OpenRequest, endOnShutdown: boolean): void {
  OPEN.add(request)
  if (endOnShutdown) ENDED_ON_SHUTDOWN.add(request)
}

export function removeOpenRequest(request: OpenRequest): void {
  OPEN.delete(request)
  ENDED_ON_SHUTDOWN.delete(request)
}

let listening = false

/** Ends open requests on SIGTERM, before listeners that were added earlier, so that they can still export them. */
export function listenForShutdown(): void {
  if (listening) return
  listening = true
  process.prependListener('SIGTERM', endRequests)
}

function endRequests(signal: NodeJS.Signals): void {
  for (const request of ENDED_ON_SHUTDOWN) request.endUnfinished()
  if (process.listenerCount(signal) > 1) return
  // A listener keeps the signal from ending the process; alone, it has to do that itself.
  process.removeListener(signal, endRequests)
  process.kill(process.pid, signal)
}
