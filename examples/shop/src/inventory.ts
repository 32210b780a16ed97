import { createServer } from 'node:http'

import { bodyParser } from '@koa/bodyparser'
import Router from '@koa/router'
import Koa from 'koa'
import { Pool } from 'pg'

import { tracing } from '@spanwright/koa'
import { tracePool } from '@spanwright/pg'
import { startTracing } from '@spanwright/sdk'

import { announce, closeServer, onShutdown, reportLostConnection, setting } from './life.ts'

const telemetry = startTracing({ serviceName: 'inventory' })

const pool = tracePool(new Pool({ connectionString: setting('DATABASE_URL') }))
pool.on('error', reportLostConnection)

const router = new Router()
router.post('/reservations', async context => {
  const { sku, quantity } = context.request.body as { sku: string; quantity: number }
  const { rowCount } = await pool.query(
    'UPDATE stock SET available = available - $2 WHERE sku = $1 AND available >= $2',
    [sku, quantity],
  )
  context.status = rowCount ? 200 : 409
  context.body = rowCount ? { sku, quantity } : { error: 'out of stock' }
})

router.post('/shipments', context => {
  context.status = 204
})

const app = new Koa()
app.use(tracing())
app.use(bodyParser())
app.use(router.routes())

const server = createServer(app.callback()).listen(Number(process.env['PORT'] ?? 0), '127.0.0.1')
announce('inventory', server)
onShutdown(
  () => closeServer(server),
  () => pool.end(),
  () => telemetry.shutdown(),
)
