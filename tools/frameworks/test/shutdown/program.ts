// A service behind a load balancer. Its parent is the load balancer, and decides when a request is answered.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { tracing } from '@spanwright/express'
import { startTracing } from '@spanwright/sdk'
import express from 'express'

import { stopGracefully } from '../../recipes/shutdown.ts'

/** The settings that the program receives. */
export interface Setting {
  readonly endpoint: string
  /** In milliseconds. */
  readonly drain: number
  readonly deadline: number
}

async function main({ endpoint, drain, deadline }: Setting): Promise<void> {
  const sdk = startTracing({
    serviceName: 'shop',
    exporter: { protocol: 'http/json', url: `${endpoint}/v1/traces` },
  })
  const app = express()
  let isDraining = false
  app.get('/ready', (_req, res) => void res.sendStatus(isDraining ? 503 : 200))
  app.use(tracing())
  app.get('/slow', (_req, res) => {
    process.send?.('asked')
    process.once('message', () => res.json({ done: true }))
  })
  app.get('/stuck', () => void process.send?.('asked'))

  const server = createServer(app)
  const beginDraining = (): void => {
    isDraining = true
  }
  stopGracefully(server, sdk, beginDraining, { drain, deadline })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
  // The parent does not keep it alive.
  process.channel?.unref()
}

process.once('message', (setting: Setting) => void main(setting))
