import { createServer, type IncomingMessage, type RequestListener } from 'node:http'

import { isByHand } from '../by-hand/is-by-hand.ts'
import { listenerByHand, noteRoute } from '../by-hand/http-server.ts'
import { listen, type OpenScenario } from '../scenario.ts'

const USER = /^\/users\/(\w+)$/

/** A server of node:http without a framework: a listener with one route, which answers a small JSON. */
export const open: OpenScenario = async ({ variant }) => {
  if (variant === 'spanwright') {
    const { setRoute, traceServer } = await import('@spanwright/http')
    return listen(traceServer(createServer(answering(setRoute))))
  }
  if (isByHand(variant)) return listen(createServer(listenerByHand(answering(noteRoute))))
  return listen(createServer(answering(() => undefined)))
}

function answering(setRoute: (req: IncomingMessage, pattern: string) => void): RequestListener {
  return (req, res) => {
    const [, id] = USER.exec(req.url ?? '') ?? []
    if (id === undefined) {
      res.writeHead(404).end()
      return
    }
    setRoute(req, '/users/:id')
    const body = JSON.stringify({ id, name: 'Ada' })
    res.setHeader('Content-Type', 'application/json; charset=utf-8')
    res.setHeader('Content-Length', Buffer.byteLength(body))
    res.end(body)
  }
}
