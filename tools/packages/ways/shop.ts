import { tracing } from '@spanwright/express'
import { tracePool } from '@spanwright/pg'
import { traceFetch } from '@spanwright/undici'
import express, { type Express } from 'express'
import { Pool } from 'pg'

/** An app that queries its database and, with `fetch`, sends a request to itself. */
export function createShop(): { app: Express; end: () => Promise<void> } {
  const pool = tracePool(new Pool({ connectionString: process.env['DATABASE_URL'], max: 1 }))
  const fetch = traceFetch(globalThis.fetch)
  const app = express()
  app.use(tracing())
  app.get('/prices/:id', (_request, response) => {
    response.json({ price: 24 })
  })
  app.get('/items/:id', async (request, response) => {
    const { rows } = await pool.query('SELECT datname AS name FROM pg_database WHERE datname = $1', [
      request.params['id'],
    ])
    const prices = await fetch(`http://${request.headers.host}/prices/${request.params['id']}`)
    response.json({ ...rows[0], ...((await prices.json()) as object) })
  })
  return { app, end: () => pool.end() }
}
