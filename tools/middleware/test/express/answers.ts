import type { RequestHandler } from 'express'

import { load } from '../load.ts'
import type { ExpressCase, Make } from './framework.ts'

const USER = { shows: 'a route', request: { path: '/users/7' }, first: 'GET /users/:id 200' }
const FAILS = {
  shows: 'a handler that fails',
  request: { path: '/fails/7' },
  first: 'GET /fails/:id 500 error TypeError',
}
const UNKNOWN = { shows: 'an unknown path', request: { path: '/nowhere' }, first: 'GET 404' }

/** Middleware that adds headers, writes logs, or answers in place of a route. */
export const ANSWERS: readonly ExpressCase[] = [
  {
    name: 'helmet',
    use: app => void app.use(load<Make>('helmet')()),
    requests: [USER, FAILS, UNKNOWN],
  },
  {
    name: 'cors',
    use: app => void app.use(load<Make>('cors')({ origin: 'https://shop.example', credentials: true })),
    requests: [
      {
        ...USER,
        shows: 'a request of the origin',
        request: { path: '/users/7', headers: { origin: 'https://shop.example' } },
      },
      {
        shows: 'a preflight',
        request: {
          method: 'OPTIONS',
          path: '/users/7',
          headers: { origin: 'https://shop.example', 'access-control-request-method': 'GET' },
        },
        first: 'OPTIONS 204',
        after: 'no span',
      },
    ],
  },
  {
    name: 'morgan',
    use(app, log) {
      const stream = { write: (line: string) => void log.push(line) }
      app.use(load<Make>('morgan')(':method :url :status :res[content-length]', { stream }))
    },
    requests: [USER, FAILS, UNKNOWN],
  },
  {
    name: 'express-rate-limit',
    use(app) {
      const { rateLimit } = load<{ rateLimit: Make }>('express-rate-limit')
      app.use(rateLimit({ limit: 1, windowMs: 86_400_000, standardHeaders: false, legacyHeaders: false }))
    },
    requests: [
      USER,
      { shows: 'one request too many', request: { path: '/users/8' }, first: 'GET 429', after: 'no span' },
    ],
  },
  {
    name: 'connect-timeout',
    use: app => void app.use(load<Make>('connect-timeout')('20ms')),
    routes(app) {
      // Neither answers nor calls next: the timeout does.
      app.get('/silent/:id', () => undefined)
    },
    requests: [
      USER,
      {
        shows: 'a handler that never answers',
        request: { path: '/silent/7' },
        first: 'GET /silent/:id 503 error ETIMEDOUT',
      },
    ],
  },
  {
    name: 'swagger-ui-express',
    use(app) {
      const ui = load<{ serve: RequestHandler[]; setup: Make }>('swagger-ui-express')
      app.use(
        '/docs',
        ui.serve,
        ui.setup({ openapi: '3.0.0', info: { title: 'Shop', version: '1' }, paths: {} }),
      )
    },
    requests: [
      { shows: 'the page', request: { path: '/docs/' }, first: 'GET /docs 200', after: 'no span' },
      {
        shows: 'its script',
        request: { path: '/docs/swagger-ui-init.js' },
        first: 'GET /docs 200',
        after: 'no span',
      },
      USER,
    ],
  },
]
