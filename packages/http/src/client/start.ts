import { Agent, type ClientRequest as NodeRequest } from 'node:http'
import { Agent as AgentOfTls } from 'node:https'
import type { Socket } from 'node:net'

import { context } from '@opentelemetry/api'
import {
  type ClientRequest,
  guarded,
  headerOf,
  type HttpClient,
  isSentByActiveSpan,
  splitHost,
} from '@spanwright/core/plugin'

import { Follower, isFollowed } from './follower.ts'
import { noteCreated } from './got.ts'
import { resendCountOf } from './resends.ts'
import { countBody } from './sent-body.ts'

const NOT_SENT = { propagate: false }
const ABSOLUTE = /^https?:\/\//

/**
 * Starts the span of a request that is about to be sent, once, and writes its context into the headers. Never throws.
 * @param port of its destination, if known
 */
export const startRequest: (client: HttpClient, req: NodeRequest, port?: unknown) => void = guarded(
  'reading a request',
  (client: HttpClient, req: NodeRequest, port?: unknown) => {
    if (isFollowed(req) || client.isIdle) return
    const { method } = req
    const headers = req.getHeaders()
    if (isSentByActiveSpan(headers['traceparent'] ?? headers['b3'])) return
    const { host } = headers
    const path = pathOf(req)
    const known = port ?? portIn(host, req.host)
    const origin = originOf(req, known)
    const url = ABSOLUTE.test(path) ? path : origin + path
    const resendCount = resendCountOf(method, url)
    const request = client.start({
      method,
      origin,
      path,
      headers,
      host,
      parent: context.active(),
      resendCount,
      // The head of a request with a list of headers, or with `Expect`, has already been written.
      perCall: req.headersSent ? NOT_SENT : undefined,
    })
    if (!request) return
    inject(client, req, request)
    if (!request.isOpen) return
    noteCreated(method, url, request)
    if (client.measuresBodies) countBody(req, request, headers['content-length'])
    // The peer of another agent may be a proxy.
    const isOpenQuestion = known === undefined && isOwnAgent((req as { agent?: unknown }).agent)
    const connected = ({ remotePort }: Socket): void =>
      client.relocate(request, originOf(req, remotePort), path, host)
    Follower.follow(req, request, { method, url, resendCount }, isOpenQuestion ? connected : undefined)
  },
)

const OWN_AGENTS: ReadonlySet<unknown> = new Set([Agent.prototype, AgentOfTls.prototype])

/** True for one of Node's own agents, which connect directly to the destination. */
function isOwnAgent(agent: unknown): boolean {
  return typeof agent === 'object' && agent !== null && OWN_AGENTS.has(Object.getPrototypeOf(agent))
}

function inject(client: HttpClient, req: NodeRequest, { injected, headers }: ClientRequest): void {
  if (injected.length === 0) return
  if (client.settings.options.existingContext === 'replace') {
    for (const name of req.getHeaderNames()) {
      if (headerOf(headers, name) === undefined) req.removeHeader(name)
    }
  }
  for (let i = 0; i + 1 < injected.length; i += 2) req.setHeader(injected[i] ?? '', injected[i + 1] ?? '')
}

/** The port in the `Host` header written by Node; undefined when the caller has set the header. */
function portIn(header: unknown, name: string): number | undefined {
  if (typeof header !== 'string') return undefined
  const { length } = name
  if (header.startsWith(name) && header[length] === ':') {
    const text = header.slice(length + 1)
    const port = Number(text)
    if (String(port) === text) return port
  }
  const named = splitHost(header)
  return named?.host === name ? (named.port ?? 0) : undefined
}

/** The last origin, which most often is the next one too: as the same string, its hash is known. */
let last = { protocol: '', host: '', port: undefined as unknown, origin: '' }

/** @param port 0 for the default of the scheme */
function originOf({ protocol, host }: NodeRequest, port: unknown): string {
  if (last.host !== host || last.port !== port || last.protocol !== protocol) {
    last = { protocol, host, port, origin: joinOrigin(protocol, host, port) }
  }
  return last.origin
}

function joinOrigin(protocol: string, host: string, port: unknown): string {
  const isSaid = Number(port) > 0 && Number(port) !== (protocol === 'https:' ? 443 : 80)
  return `${protocol}//${host.includes(':') ? `[${host}]` : host}${isSaid ? `:${Number(port)}` : ''}`
}

function pathOf({ path }: NodeRequest): string {
  if (path.startsWith('/') || ABSOLUTE.test(path)) return path
  return `/${path === '*' ? '' : path}`
}
