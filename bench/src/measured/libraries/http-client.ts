import { Agent, get, type IncomingMessage } from 'node:http'

import type { HttpTracing } from '@spanwright/http'

import { isByHand } from '../by-hand/is-by-hand.ts'
import { getByHand } from '../by-hand/http-client.ts'
import { Callers, type OpenScenario } from '../scenario.ts'

const CONCURRENCY = 8

/** Node 20 does not publish the requests of an agent that is not global. */
const PUBLISHES_REQUESTS = Number.parseInt(process.versions.node) >= 22

/** `get` of node:http over an Agent that keeps connections: a small JSON, read to its end. */
export const open: OpenScenario = async ({ variant, service }) => {
  const agent = new Agent({ keepAlive: true })
  const url = `http://${service}/users/42`
  if (isByHand(variant)) {
    const getJson = getByHand<IncomingMessage>({
      send: (to, headers) => responseTo(to, agent, headers),
      statusOf: ({ statusCode = 0 }) => statusCode,
      read: readJson,
    })
    return new Callers(
      CONCURRENCY,
      () => getJson(url),
      async () => agent.destroy(),
    )
  }
  let tracing: HttpTracing | undefined
  if (variant === 'spanwright') {
    const { traceAgent, traceHttp } = await import('@spanwright/http')
    if (PUBLISHES_REQUESTS) tracing = traceHttp()
    else traceAgent(agent)
  }
  return new Callers(
    CONCURRENCY,
    async () => readJson(await responseTo(url, agent, {})),
    async () => {
      tracing?.stop()
      agent.destroy()
    },
  )
}

function responseTo(
  url: string | URL,
  agent: Agent,
  headers: Record<string, string>,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, { agent, headers }, resolve).on('error', reject)
  })
}

function readJson(response: IncomingMessage): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let text = ''
    response.setEncoding('utf8')
    response.on('data', (part: string) => (text += part))
    response.on('end', () => resolve(JSON.parse(text)))
    response.on('error', reject)
  })
}
