import { traceFetch, traceUndici, tracing, type UndiciTracingOptions } from '@spanwright/undici'
import * as undici6 from 'undici6'
import * as undici7 from 'undici'

export type Undici = typeof undici7
export const VERSIONS: [string, Undici][] = [
  ['undici 6', undici6 as unknown as Undici],
  ['undici 7', undici7],
]

/** What a test wants of a request, whoever sends it. */
export interface Wanted {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly signal?: AbortSignal
}

/** A response, whoever received it. */
export interface Response {
  readonly status: number
  text(): Promise<string>
  /** Gives up on the body. */
  cancel(reason?: unknown): Promise<void>
}

/** A way to send requests that are traced. */
export interface Way extends AsyncDisposable {
  send(url: string, wanted?: Wanted): Promise<Response>
}

/** How a traced sender is made. */
export type StartWay = (tracing?: UndiciTracingOptions, agent?: undici7.Agent.Options) => Way

function fetchWay(
  fetch: typeof globalThis.fetch,
  dispatcher: undici7.Dispatcher | undefined,
  stop: () => Promise<void>,
): Way {
  return {
    async send(url, wanted) {
      const response = await fetch(url, { ...wanted, ...(dispatcher && { dispatcher }) } as RequestInit)
      return {
        status: response.status,
        text: () => response.text(),
        cancel: async reason => response.body?.cancel(reason),
      }
    },
    [Symbol.asyncDispose]: stop,
  }
}

function requestWay(undici: Undici, dispatcher: undici7.Dispatcher, stop: () => Promise<void>): Way {
  return {
    async send(url, { method, ...wanted } = {}) {
      const { statusCode, body } = await undici.request(url, {
        ...wanted,
        ...(method && { method: method as 'GET' }),
        dispatcher,
      })
      return {
        status: statusCode,
        text: () => body.text(),
        cancel: async reason => {
          body.on('error', () => undefined)
          body.destroy(reason as Error)
        },
      }
    },
    [Symbol.asyncDispose]: stop,
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
