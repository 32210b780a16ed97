import { EventEmitter, once } from 'node:events'

import type { Express, Response } from 'express'

import { load } from '../load.ts'
import type { ExpressCase, Make } from './framework.ts'

/** Tells the handler that the client has its first bytes. */
const client = new EventEmitter()

/** Middleware that sits between the handler and the bytes. */
export const STREAMS: readonly ExpressCase[] = [
  {
    name: 'compression',
    use: app => void app.use(load<Make>('compression')()),
    routes(app) {
      app.get('/events/:id', async (_req, res: Response & { flush?(): void }) => {
        res.type('text/event-stream').write('data: 1\n\n')
        const received = once(client, 'data')
        res.flush?.()
        await received
        res.end('data: 2\n\n')
      })
      app.get('/endless/:id', (_req, res: Response & { flush?(): void }) => {
        res.type('text/event-stream').write('data: 1\n\n')
        res.flush?.()
      })
    },
    requests: [
      { shows: 'gzip', request: big('gzip'), first: 'GET /big/:id 200' },
      { shows: 'brotli', request: big('br'), first: 'GET /big/:id 200' },
      { shows: 'no compression', request: big('identity'), first: 'GET /big/:id 200' },
      {
        shows: 'server-sent events',
        request: {
          path: '/events/7',
          headers: { 'accept-encoding': 'gzip' },
          onData: () => void client.emit('data'),
        },
        first: 'GET /events/:id 200',
      },
      {
        shows: 'a client that leaves',
        request: { path: '/endless/7', headers: { 'accept-encoding': 'gzip' }, leaves: true },
        first: 'GET /endless/:id 200 error ECONNRESET',
      },
    ],
  },
  {
    name: 'express-ws',
    use: app => load<(app: Express) => void>('express-ws')(app),
    routes(app) {
      const sockets = app as Express & { ws(path: string, handler: (socket: Socket) => void): void }
      app.use((req, _res, next) => {
        if (req.path.startsWith('/late')) setImmediate(() => next())
        else next()
      })
      sockets.ws('/late/:id', socket => socket.on('message', (text: string) => socket.send(`late ${text}`)))
      sockets.ws('/chat/:id', socket =>
        socket.on('message', (text: string) => socket.send(`you said ${text}`)),
      )
    },
    requests: [
      {
        shows: 'a WebSocket',
        request: { path: '/chat/7', messages: ['one', 'two'] },
        first: 'GET /chat/:id/.websocket 101',
      },
      {
        shows: 'a WebSocket behind middleware that waits',
        request: { path: '/late/7', messages: ['one'] },
        first: 'GET 101',
      },
      { shows: 'a route', request: { path: '/users/7' }, first: 'GET /users/:id 200' },
    ],
  },
]

interface Socket {
  on(event: 'message', listener: (text: string) => void): void
  send(text: string): void
}

function big(encoding: string): { path: string; headers: Record<string, string> } {
  return { path: '/big/7', headers: { 'accept-encoding': encoding } }
}
