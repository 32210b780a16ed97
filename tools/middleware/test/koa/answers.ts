import { load } from '../load.ts'
import type { KoaCase, Make } from './framework.ts'

const USER = { shows: 'a route', request: { path: '/users/7' }, first: 'GET /users/:id 200' }
const FAILS = {
  shows: 'a handler that fails',
  request: { path: '/fails/7' },
  first: 'GET /fails/:id 500 error TypeError',
}
const ORIGIN = { origin: 'https://shop.example' }

/** Middleware that adds headers or answers in place of a route. */
export const ANSWERS: readonly KoaCase[] = [
  {
    name: 'koa-helmet',
    use: app => void app.use(load<Make>('koa-helmet')()),
    requests: [USER, FAILS, { shows: 'an unknown path', request: { path: '/nowhere' }, first: 'GET 404' }],
  },
  {
    name: '@koa/cors',
    use: app => void app.use(load<Make>('@koa/cors')({ origin: ORIGIN.origin, credentials: true })),
    requests: [
      { ...USER, shows: 'a request of the origin', request: { path: '/users/7', headers: ORIGIN } },
      { ...FAILS, request: { path: '/fails/7', headers: ORIGIN } },
      {
        shows: 'a preflight',
        request: {
          method: 'OPTIONS',
          path: '/users/7',
          headers: { ...ORIGIN, 'access-control-request-method': 'GET' },
        },
        first: 'OPTIONS 204',
        after: 'no span',
      },
    ],
  },
]
