import { testAnyRequest } from '@spanwright/http-servers'
import type { ErrorRequestHandler } from 'express'

import { tracing } from '@spanwright/express'

import { FRAMEWORKS } from './frameworks.ts'
import { NEWEST } from './versions.ts'

// The error page of Express shows the stack.
const onError: ErrorRequestHandler = (error: Error & { status?: number }, _req, res, _next) => {
  res.status(error.status ?? 500).send(error.message)
}

testAnyRequest(
  NEWEST.map(({ name, load }) => ({
    ...FRAMEWORKS.find(framework => framework.name === name)!,
    routes: ['/shop/:a', '/shop/:a/:b', '/mounted/:x'],
    shop(traced) {
      const express = load()
      const asked = { count: 0 }
      const app = express().set('trust proxy', true)
      app.use((_req, _res, next) => {
        asked.count++
        next()
      })
      if (traced) app.use(tracing({ captureHeaders: { request: ['x-id', 'cookie'], response: ['etag'] } }))
      const router = express.Router()
      router.all('/:a', (req, res) => void res.send(req.params['a']))
      router.get('/:a/:b', (_req, _res, next) => next(new Error('no')))
      app.use('/shop', router)
      app.use(
        '/mounted',
        express.Router().get('/:x', (_req, res) => void res.status(204).end()),
      )
      return { app: app.use(onError), asked }
    },
  })),
)
