import { join } from 'node:path'

import type Koa from 'koa'
import type { Context, Middleware } from 'koa'

import { load } from '../load.ts'
import { KOA, type KoaCase, type Make, routed } from './framework.ts'

type Send = (ctx: Context, path: string, options: object) => Promise<unknown>

const ROOT = join(__dirname, '../files')

/** Middleware that answers with files, other apps or nothing new. */
export const FILES: readonly KoaCase[] = [
  {
    name: 'koa-send',
    use(app) {
      const send = load<Send>('koa-send')
      app.use((ctx, next) => (ctx.path.endsWith('.txt') ? send(ctx, ctx.path, { root: ROOT }) : next()))
    },
    requests: [
      { shows: 'a file', request: { path: '/note.txt' }, first: 'GET 200', after: 'no span' },
      {
        shows: 'its headers',
        request: { method: 'HEAD', path: '/note.txt' },
        first: 'HEAD 200',
        after: 'no span',
      },
      { shows: 'an unknown file', request: { path: '/none.txt' }, first: 'GET 404', after: 'no span' },
      {
        shows: 'a path outside the folder',
        request: { path: '/%2e%2e/x.txt' },
        first: 'GET 403',
        after: 'no span',
      },
    ],
  },
  {
    name: 'koa-mount',
    use(app) {
      const mounted = KOA[0]?.create()
      if (!mounted) return
      routed(mounted, router =>
        router.get('/orders/:id', ctx => void (ctx.body = { order: ctx.params['id'] })),
      )
      app.use(load<(path: string, app: Koa) => Middleware>('koa-mount')('/admin', mounted))
    },
    requests: [
      {
        shows: 'a route of the mounted app',
        request: { path: '/admin/orders/7' },
        first: 'GET /admin/orders/:id 200',
        after: 'no span',
      },
      { shows: 'an unknown path below it', request: { path: '/admin/nowhere' }, first: 'GET 404' },
      { shows: 'a route', request: { path: '/users/7' }, first: 'GET /users/:id 200' },
    ],
  },
  {
    name: 'koa-etag',
    use: useEtags,
    requests: [{ shows: 'an entity tag', request: { path: '/users/7' }, first: 'GET /users/:id 200' }],
  },
  {
    name: 'koa-conditional-get',
    use: useEtags,
    requests: [
      {
        shows: 'a copy that is fresh',
        request: { path: '/users/7', headers: { 'if-none-match': '*' } },
        first: 'GET /users/:id 304',
      },
      {
        shows: 'a copy that is stale',
        request: { path: '/users/7', headers: { 'if-none-match': '"old"' } },
        first: 'GET /users/:id 200',
      },
    ],
  },
]

function useEtags(app: Koa): void {
  app.use(load<Make>('koa-conditional-get')()).use(load<{ default: Make }>('koa-etag').default())
}
