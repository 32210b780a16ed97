import { withSpan } from '@spanwright/core'
import { tracing } from '@spanwright/express'
import { configure } from '@vendia/serverless-express'
import express from 'express'
import serverless from 'serverless-http'

import { flushing } from './lambda.ts'

const app = express()
app.use(tracing())
app.get('/orders/:id', (req, res) => {
  withSpan('load order', () => res.json({ id: req.params.id }))
})
app.get('/broken', () => {
  throw new RangeError('no such order')
})

export const throughServerlessHttp = flushing(serverless(app))
const handle = configure<object, object>({ app })
export const throughServerlessExpress = flushing(
  (event: object, context) => handle(event, context, () => {}) as Promise<object>,
)
