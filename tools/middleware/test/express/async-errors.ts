import { jest } from '@jest/globals'
import type express from 'express'

import { load } from '../load.ts'
import { createApp, type ExpressCase } from './framework.ts'

/** What changes Express itself. */
export const ASYNC_ERRORS: readonly ExpressCase[] = [
  {
    name: 'express-async-errors',
    majors: [4],
    create() {
      let framework: typeof express | undefined
      // It patches the Express that it finds, which must not be that of the other cases.
      jest.isolateModules(() => {
        framework = load<typeof express>('express')
        load('express-async-errors')
      })
      if (!framework) throw new Error('Express was not loaded')
      return createApp(framework)
    },
    use: app => void app.use(async (_req, _res, next) => next()),
    routes(app) {
      app.get('/rejects/:id', async () => {
        throw new RangeError('rejected')
      })
    },
    requests: [
      { shows: 'a route', request: { path: '/users/7' }, first: 'GET /users/:id 200' },
      {
        shows: 'a handler that rejects',
        request: { path: '/rejects/7' },
        first: 'GET /rejects/:id 500 error RangeError',
      },
    ],
  },
]
