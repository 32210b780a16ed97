import { createServer } from 'node:http'

import express, { type RequestHandler } from 'express'

import { tracingByHand } from '../hand-written/express.ts'
import { listen, type OpenScenario } from '../scenario.ts'

const passThrough: RequestHandler = (_req, _res, next) => next()
const passThroughToo: RequestHandler = (_req, _res, next) => next()

/** Express 5: two pass-through middlewares, and a route that answers a small JSON. */
export const open: OpenScenario = async ({ variant }) => {
  const app = express()
  if (variant === 'spanwright') app.use((await import('@spanwright/express')).tracing())
  if (variant === 'hand-written') app.use(tracingByHand())
  app.use(passThrough)
  app.use(passThroughToo)
  app.get('/users/:id', (req, res) => {
    res.json({ id: req.params.id, name: 'Ada' })
  })
  return listen(createServer(app))
}
