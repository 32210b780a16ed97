import { Agent, type Dispatcher, request } from 'undici'

import { getByHand } from '../hand-written/http-client.ts'
import { Callers, type OpenScenario } from '../scenario.ts'

const CONCURRENCY = 8

/** `request` of undici 7 over an Agent: GET of a small JSON, read to its end. */
export const open: OpenScenario = async ({ variant, service }) => {
  const url = `http://${service}/users/42`
  const agent = new Agent()
  const close = (): Promise<void> => agent.destroy()
  if (variant === 'hand-written') {
    const requestJson = getByHand<Dispatcher.ResponseData>({
      send: (to, headers) => request(to, { dispatcher: agent, headers }),
      statusOf: ({ statusCode }) => statusCode,
      read: ({ body }) => body.json(),
    })
    return new Callers(CONCURRENCY, () => requestJson(url), close)
  }
  const dispatcher: Dispatcher =
    variant === 'spanwright' ? agent.compose((await import('@spanwright/undici')).tracing()) : agent
  return new Callers(CONCURRENCY, async () => (await request(url, { dispatcher })).body.json(), close)
}
