import { subscribe } from 'node:diagnostics_channel'

import { attempt } from '../host/guard.ts'

/** How many responses of one server belong to traced requests, and how many to others. */
interface Responses {
  passed: number
  missed: number
}

interface Watch {
  /** Requests that reached tracing; absent while nothing is counted. */
  passed?: WeakSet<object>
  readonly servers: Responses[]
}

// A registered symbol, so that several copies of this package watch together.
const WATCH = Symbol.for('spanwright.responses')
const shared = globalThis as { [WATCH]?: Watch }
const watch: Watch = (shared[WATCH] ??= { servers: [] })

/** Notes that a request reached tracing. */
export function notePassing(request: object): void {
  watch.passed?.add(request)
}

/** Counts the responses of all `node:http` servers from now until the process ends. */
export function watchResponses(): void {
  if (watch.passed) return
  const passed = (watch.passed = new WeakSet())
  const known = new WeakMap<object, Responses>()
  subscribe('http.server.response.finish', message => {
    attempt('counting responses', () => {
      const { request, server } = message as { readonly request: object; readonly server: object }
      let responses = known.get(server)
      if (!responses) {
        responses = { passed: 0, missed: 0 }
        known.set(server, responses)
        watch.servers.push(responses)
      }
      if (passed.has(request)) responses.passed += 1
      else responses.missed += 1
    })
  })
}

const FIX = 'put app.use(tracing()) before the routes, on the app that listens, not on one of its routers'

/**
 * Problems with where `tracing()` was added, one sentence each. A server without any traced request may be intended.
 */
export function missedResponses(): string[] {
  const partly = watch.servers.filter(({ passed, missed }) => passed > 0 && missed > 0)
  if (partly.length > 0) {
    return partly.map(
      ({ passed, missed }) =>
        `${missed} of ${passed + missed} responses of a server began without passing tracing(): ${FIX}`,
    )
  }
  const all = watch.servers.reduce((sum, { missed }) => sum + missed, 0)
  const isAnyTraced = watch.servers.some(({ passed }) => passed > 0)
  return isAnyTraced || all === 0 ? [] : [`none of ${all} responses passed tracing(): ${FIX}`]
}
