import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

import { traceFetch, traceUndici, tracing, type UndiciTracingOptions } from '@spanwright/undici'
import * as undici6 from 'undici6'
import * as undici7 from 'undici'

export type Undici = typeof undici7

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const takesUndici8 = major > 22 || (major === 22 && minor >= 19)
/** A separate install, created by `npm run test:newer`. */
const UNDICI_8 = join(__dirname, 'undici8', 'node_modules', 'undici')

/** Those that run on this version of Node: undici 8 needs 22.19. */
export const VERSIONS: [string, Undici][] = [
  ['undici 6', undici6 as unknown as Undici],
  ['undici 7', undici7],
  ...(takesUndici8 && existsSync(UNDICI_8)
    ? [['undici 8', createRequire(__filename)(UNDICI_8) as Undici] satisfies [string, Undici]]
    : []),
]

/** The request of a test, for any sender. */
interface Wanted {
  readonly method?: string
  readonly headers?: Record<string, string> | undefined
  readonly signal?: AbortSignal
  readonly body?: string
}

/** A response, for any receiver. */
interface Response {
  readonly status: number
  text(): Promise<string>
  /** Gives up on the body. */
  cancel(reason?: unknown): Promise<void>
}

/** A way to send requests that are traced. */
export interface Way {
  stop(): Promise<void>
  send(url: string, wanted?: Wanted): Promise<Response>
}

/** How a traced sender is created. */
export type StartWay = (tracing?: UndiciTracingOptions, agent?: undici7.Agent.Options) => Way

function fetchWay(
  fetch: typeof globalThis.fetch,
  dispatcher: undici7.Dispatcher | undefined,
  stop: () => Promise<void>,
): Way {
  return {
    async send(url, wanted) {
      const init: object = { ...wanted, ...(dispatcher && { dispatcher }) }
      const response = await fetch(url, init)
      return {
        status: response.status,
        text: () => response.text(),
        cancel: async reason => response.body?.cancel(reason),
      }
    },
    stop,
  }
}

function requestWay(undici: Undici, dispatcher: undici7.Dispatcher, stop: () => Promise<void>): Way {
  return {
    async send(url, wanted) {
      const options: object = { ...wanted, dispatcher }
      const { statusCode, body } = await undici.request(url, options)
      return {
        status: statusCode,
        text: () => body.text(),
        cancel: async reason => {
          body.on('error', () => undefined)
          body.destroy(reason as Error)
        },
      }
    },
    stop,
  }
}

/** Every way to send a traced request. */
export const WAYS: [string, StartWay][] = [
  [
    'traceFetch() on the fetch of Node',
    options => fetchWay(traceFetch(globalThis.fetch, options), undefined, async () => undefined),
  ],
  [
    'traceUndici() and the fetch of Node',
    options => {
      const handle = traceUndici(options)
      return fetchWay(globalThis.fetch, undefined, async () => handle.stop())
    },
  ],
  ...VERSIONS.flatMap(([version, undici]): [string, StartWay][] => [
    [
      `tracing() and request() of ${version}`,
      (options, agentOptions) => {
        const agent = new undici.Agent(agentOptions).compose(tracing(options))
        return requestWay(undici, agent, () => agent.destroy())
      },
    ],
    [
      `traceUndici() and request() of ${version}`,
      (options, agentOptions) => {
        const handle = traceUndici(options)
        const agent = new undici.Agent(agentOptions)
        return requestWay(undici, agent, async () => {
          handle.stop()
          await agent.destroy()
        })
      },
    ],
    [
      `traceFetch() on the fetch of ${version}`,
      (options, agentOptions) => {
        const agent = new undici.Agent(agentOptions)
        const fetch = traceFetch(undici.fetch as unknown as typeof globalThis.fetch, options)
        return fetchWay(fetch, agent, () => agent.destroy())
      },
    ],
    [
      `traceUndici() and the fetch of ${version}`,
      (options, agentOptions) => {
        const handle = traceUndici(options)
        const agent = new undici.Agent(agentOptions)
        return fetchWay(undici.fetch as unknown as typeof globalThis.fetch, agent, async () => {
          handle.stop()
          await agent.destroy()
        })
      },
    ],
  ]),
]
