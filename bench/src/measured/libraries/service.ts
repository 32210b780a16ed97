import { createServer } from 'node:http'

import express from 'express'
import { Pool } from 'pg'

import { tracingByHand } from '../by-hand/express.ts'
import { getByHand } from '../by-hand/http-client.ts'
import { isByHand } from '../by-hand/is-by-hand.ts'
import { queryByHand } from '../by-hand/pg.ts'
import { listen, type OpenScenario } from '../scenario.ts'

const CONNECTIONS = 8
const TEXT = 'SELECT id, name FROM users WHERE id = $1'

async function fetchJson(url: string): Promise<unknown> {
  return (await fetch(url)).json()
}

/** An Express request that makes three queries and one call to another service. */
export const open: OpenScenario = async ({ variant, service, upstream }) => {
  const pool = new Pool({ connectionString: service, max: CONNECTIONS, idleTimeoutMillis: 0 })
  const app = express()
  let query: (text: string, values: unknown[]) => Promise<unknown> = (text, values) =>
    pool.query(text, values)
  let getJson = fetchJson
  if (variant === 'spanwright') {
    app.use((await import('@spanwright/express')).tracing())
    ;(await import('@spanwright/pg')).tracePool(pool)
    const traced = (await import('@spanwright/undici')).traceFetch(globalThis.fetch)
    getJson = async url => (await traced(url)).json()
  }
  if (isByHand(variant)) {
    app.use(tracingByHand())
    query = queryByHand(pool)
    getJson = getByHand<Response>({
      send: (to, headers) => fetch(to, { headers }),
      statusOf: response => response.status,
      read: response => response.json(),
    })
  }
  app.get('/users/:id', async (req, res) => {
    const id = Number(req.params.id)
    await query(TEXT, [id])
    const [user] = await Promise.all([getJson(`http://${upstream}/users/${id}`), query(TEXT, [id + 1])])
    await query(TEXT, [id + 2])
    res.json(user)
  })
  return listen(createServer(app))
}
