import { createServer } from 'node:http'

import express, { type RequestHandler } from 'express'

import { isByHand } from '../by-hand/is-by-hand.ts'
import { tracingByHand } from '../by-hand/express.ts'
import { listen, type OpenScenario } from '../scenario.ts'

const passThrough: RequestHandler = (_req, _res, next) => next()
const passThroughToo: RequestHandler = (_req, _res, next) => next()

/** Express 5: two pass-through middlewares, and a route that answers a small JSON. */
export const open: OpenScenario = async ({ variant }) => {
  const app = express()
  if (variant === 'spanwright') app.use((await import('@spanwright/express')).tracing())
  if (isByHand(variant)) app.use(tracingByHand())
  app.use(passThrough)
  app.use(passThroughToo)
  app.get('/users/:id', (req, res) => {
    res.json({ id: req.params.id, name: 'Ada' })
  })
  return listen(createServer(app))
}
