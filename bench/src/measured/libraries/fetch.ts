import { isByHand } from '../by-hand/is-by-hand.ts'
import { getByHand } from '../by-hand/http-client.ts'
import { Callers, type OpenScenario } from '../scenario.ts'

const CONCURRENCY = 8

/** The fetch of Node: GET of a small JSON, read to its end. */
export const open: OpenScenario = async ({ variant, service }) => {
  const url = `http://${service}/users/42`
  if (isByHand(variant)) {
    const fetchJson = getByHand<Response>({
      send: (to, headers) => fetch(to, { headers }),
      statusOf: response => response.status,
      read: response => response.json(),
    })
    return new Callers(CONCURRENCY, () => fetchJson(url), close)
  }
  const traced =
    variant === 'spanwright'
      ? (await import('@spanwright/undici')).traceFetch(globalThis.fetch)
      : globalThis.fetch
  return new Callers(CONCURRENCY, async () => (await traced(url)).json(), close)
}

/** The connections are those of the process. */
async function close(): Promise<void> {}
