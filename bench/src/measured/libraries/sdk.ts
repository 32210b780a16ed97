import { createServer } from 'node:http'

import express from 'express'

import { listen, type OpenScenario } from '../scenario.ts'

/** An Express app in which nothing is traced: what the SDK alone costs it, mostly by keeping track of contexts. */
export const open: OpenScenario = async () => {
  const app = express()
  app.get('/users/:id', async (req, res) => {
    await Promise.resolve()
    res.json({ id: req.params.id, name: 'Ada' })
  })
  return listen(createServer(app))
}
