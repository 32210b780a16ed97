import { subscribe } from 'node:diagnostics_channel'

import { attempt } from '../host/guard.ts'

/** How many responses of one server were to requests that tracing saw, and to others. */
interface Responses {
  passed: number
  missed: number
}

interface Watch {
  /** Requests that came to tracing; absent as long as nobody watches. */
  passed?: WeakSet<object>
  readonly servers: Responses[]
}

// A registered symbol, so that several copies of this package watch together.
const WATCH = Symbol.for('spanwright.responses')
const shared = globalThis as { [WATCH]?: Watch }
const watch: Watch = (shared[WATCH] ??= { servers: [] })

/** Notes that a request came to tracing. */
export function notePassing(request: object): void {
  watch.passed?.add(request)
}

/** From now on counts the responses of all servers of `node:http`, until the process ends. */
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

const MEND = 'put app.use(tracing()) before the routes, on the app that listens and not on a router of it'

/** What looks wrong about the place of tracing, a sentence each. Servers without any traced request may be meant so. */
export function missedResponses(): string[] {
  const partly = watch.servers.filter(({ passed, missed }) => passed > 0 && missed > 0)
  if (partly.length > 0) {
    return partly.map(
      ({ passed, missed }) =>
        `${missed} of ${passed + missed} responses of a server began without passing tracing(): ${MEND}`,
    )
  }
  const all = watch.servers.reduce((sum, { missed }) => sum + missed, 0)
  const isAnyTraced = watch.servers.some(({ passed }) => passed > 0)
  return isAnyTraced || all === 0 ? [] : [`none of ${all} responses passed tracing(): ${MEND}`]
}
