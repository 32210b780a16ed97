import { Agent, type Dispatcher, request } from 'undici'

import { isByHand } from '../by-hand/is-by-hand.ts'
import { getByHand } from '../by-hand/http-client.ts'
import { Callers, type OpenScenario } from '../scenario.ts'

const CONCURRENCY = 8

/** An interceptor that does nothing: undici adapts handlers twice for it. */
const passThrough: Dispatcher.DispatcherComposeInterceptor = dispatch => (options, handler) =>
  dispatch(options, handler)

/** `request` of undici 7 over an Agent: GET of a small JSON, read to its end. */
export const open: OpenScenario = async ({ variant, service }) => {
  const url = `http://${service}/users/42`
  const agent = new Agent()
  const close = (): Promise<void> => agent.destroy()
  if (isByHand(variant)) {
    const requestJson = getByHand<Dispatcher.ResponseData>({
      send: (to, headers) => request(to, { dispatcher: agent, headers }),
      statusOf: ({ statusCode }) => statusCode,
      read: ({ body }) => body.json(),
    })
    return new Callers(CONCURRENCY, () => requestJson(url), close)
  }
  const interceptor =
    variant === 'spanwright'
      ? (await import('@spanwright/undici')).tracing()
      : variant === 'pass-through'
        ? passThrough
        : undefined
  const dispatcher: Dispatcher = interceptor ? agent.compose(interceptor) : agent
  return new Callers(CONCURRENCY, async () => (await request(url, { dispatcher })).body.json(), close)
}
