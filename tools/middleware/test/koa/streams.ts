import { EventEmitter, once } from 'node:events'
import { PassThrough } from 'node:stream'
import { constants } from 'node:zlib'

import type Koa from 'koa'

import type { Request } from '../client.ts'
import { load } from '../load.ts'
import { type KoaCase, type Make, routed, type WithSockets } from './framework.ts'

/** Tells the handler that the client has its first bytes. */
const client = new EventEmitter()

/** Middleware that sits between the handler and the bytes. */
export const STREAMS: readonly KoaCase[] = [
  {
    name: 'koa-compress',
    use: app => void app.use(load<Make>('koa-compress')({ gzip: { flush: constants.Z_SYNC_FLUSH } })),
    routes(app) {
      routed(app, router => {
        router.get('/streams/:id', ctx => {
          const body = new PassThrough()
          const received = once(client, 'data')
          body.write('one '.repeat(500))
          void received.then(() => body.end('two'))
          ctx.type = 'text'
          ctx.body = body
        })
        router.get('/endless/:id', ctx => {
          const body = new PassThrough()
          body.write('one '.repeat(500))
          ctx.type = 'text'
          ctx.body = body
        })
      })
    },
    requests: [
      { shows: 'gzip', request: zipped('/big/7', 'gzip'), first: 'GET /big/:id 200' },
      { shows: 'brotli', request: zipped('/big/7', 'br'), first: 'GET /big/:id 200' },
      { shows: 'no compression', request: zipped('/big/7', 'identity'), first: 'GET /big/:id 200' },
      {
        shows: 'a stream, each part as it comes',
        request: { ...zipped('/streams/7', 'gzip'), onData: () => void client.emit('data') },
        first: 'GET /streams/:id 200',
      },
      {
        shows: 'a client that leaves',
        request: { ...zipped('/endless/7', 'gzip'), leaves: true },
        first: 'GET /endless/:id 200 error ECONNRESET',
      },
    ],
  },
  {
    name: 'koa-websocket',
    create: usual => load<(app: Koa) => Koa>('koa-websocket')(usual()),
    use: (app: WithSockets) => app.ws?.use((_ctx, next) => next()),
    routes(app: WithSockets) {
      app.ws?.use(ctx => {
        const { websocket } = ctx as unknown as Socket
        websocket.on('message', text => websocket.send(`you said ${text.toString()}`))
      })
    },
    requests: [
      { shows: 'a WebSocket', request: { path: '/chat/7', messages: ['one', 'two'] }, first: 'no span' },
      { shows: 'a route', request: { path: '/users/7' }, first: 'GET /users/:id 200' },
    ],
  },
]

interface Socket {
  websocket: { on(event: 'message', listener: (text: Buffer) => void): void; send(text: string): void }
}

function zipped(path: string, encoding: string): Request {
  return { path, headers: { 'accept-encoding': encoding } }
}
