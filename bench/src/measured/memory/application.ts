import { createServer } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

import { tracing as traceExpress } from '@spanwright/express'
import { tracePool } from '@spanwright/pg'
import { startTracing, type Tracing } from '@spanwright/sdk'
import { traceFetch } from '@spanwright/undici'
import express from 'express'
import { Pool } from 'pg'

import type { Assignment } from '../protocol.ts'
import { listen } from '../scenario.ts'
import { Watched } from './watched.ts'

const CONNECTIONS = 4

/** Longer than `fetch` keeps an unused connection, in milliseconds. */
const KEPT_OPEN = 5000

/** An application whose requests, calls and queries are traced, and watched when they are over. */
export interface Application {
  readonly port: number
  readonly watched: Watched
  readonly tracing: Tracing
  /** Closes the connections of `fetch`, and has its clock started from outside of a request. */
  letGo(): Promise<void>
  close(): Promise<void>
}

/** Opens an application that answers each request with what it read from a server and a database. */
export async function openApplication({ service, upstream, sink }: Assignment): Promise<Application> {
  const watched = new Watched()
  const tracing = startTracing({
    serviceName: 'bench',
    exporter: { url: `${sink}/v1/traces` },
    metrics: { url: `${sink}/v1/metrics` },
    spanProcessors: [watched],
  })
  const pool = tracePool(new Pool({ connectionString: service, max: CONNECTIONS }))
  const fetch = traceFetch(globalThis.fetch)
  const app = express()
  app.use(traceExpress())
  app.get('/users/:id', async (req, res) => {
    watched.addExchange(req, res)
    const response = await fetch(`http://${upstream}/users/${req.params.id}`)
    const user = (await response.json()) as object
    const { rows } = await pool.query('SELECT name FROM users WHERE id = $1', [req.params.id])
    res.json({ ...user, ...rows[0] })
  })
  const served = await listen(createServer(app))
  return {
    port: served.port,
    watched,
    tracing,
    // Node keeps the context, and with it the span, in which a socket or a timer was made, for as long as there is one.
    async letGo() {
      await pause(KEPT_OPEN)
      const response = await globalThis.fetch(`http://${upstream}/users/1`)
      await response.arrayBuffer()
    },
    async close() {
      await served.close()
      await pool.end()
    },
  }
}
