import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'

import { sendJson, sendText } from './responses.ts'
import { listTraces, sendEvents, sendTrace } from './traces.ts'
import { receiveExport } from '../receiver/export.ts'
import { refusalOf } from '../receiver/guard.ts'
import { pageFile } from '../share/page-files.ts'
import type { TraceStore } from '../store/store.ts'

/** What a page may do: run its own script, and send requests to its own origin. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** Answers every request: the page, its API, and exporters. */
export function handlerFor(store: TraceStore, allowedHosts: ReadonlySet<string>): RequestListener {
  return (request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
    handle(request, response, store, allowedHosts).catch((error: unknown) => {
      if (response.headersSent) response.destroy()
      else if (error instanceof TypeError) sendJson(response, 400, { error: error.message })
      else sendJson(response, 500, { error: String(error) })
    })
  }
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  store: TraceStore,
  allowedHosts: ReadonlySet<string>,
): Promise<void> {
  const { pathname, searchParams } = new URL(`http://localhost/${(request.url ?? '').replace(/^\/+/, '')}`)
  const { method = '' } = request
  const isPage = method === 'GET' && pathname === '/'
  const refusal = refusalOf(
    request.headers,
    allowedHosts,
    isPage && request.headers['sec-fetch-mode'] === 'navigate',
  )
  if (refusal !== undefined) {
    response.setHeader('connection', 'close')
    sendJson(response, 403, { error: refusal })
    return
  }
  const signal = /^\/v1\/(traces|metrics|logs)$/.exec(pathname)?.[1]
  if (signal !== undefined) {
    if (method === 'POST') await receiveExport(request, response, signal, store)
    else refuseMethod(response, 'POST')
  } else if (pathname === '/api/traces') {
    if (method === 'GET') listTraces(searchParams, response, store)
    else if (method === 'DELETE') {
      store.clear()
      response.writeHead(204).end()
    } else refuseMethod(response, 'GET, DELETE')
  } else if (method !== 'GET') refuseMethod(response, 'GET')
  else if (pathname === '/api/events') sendEvents(searchParams, response, store)
  else sendFile(pathname, response, store)
}

function sendFile(pathname: string, response: ServerResponse, store: TraceStore): void {
  const [, traceId, form] = /^\/api\/traces\/([\da-fA-F]{1,32})(?:\/(\w+))?$/.exec(pathname) ?? []
  if (traceId !== undefined) {
    sendTrace(traceId.toLowerCase(), form, response, store)
    return
  }
  const file = pageFile(pathname)
  if (file) sendText(response, 200, file.type, file.text)
  else sendJson(response, 404, { error: 'nothing is here' })
}

function refuseMethod(response: ServerResponse, allowed: string): void {
  response.setHeader('allow', allowed)
  response.setHeader('connection', 'close')
  sendJson(response, 405, { error: `use ${allowed}` })
}
