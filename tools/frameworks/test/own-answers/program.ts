// Frameworks that respond to errors themselves, in a separate process: LoopBack needs ES modules, which Jest cannot load.
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { NotFound } from '@feathersjs/errors'
import * as feathersExpress from '@feathersjs/express'
import { feathers } from '@feathersjs/feathers'
import * as feathersKoa from '@feathersjs/koa'
import { HttpErrors, RestApplication } from '@loopback/rest'
import { withSpan } from '@spanwright/core'
import { tracing } from '@spanwright/express'
import { tracing as traceKoa } from '@spanwright/koa'
import { startTracing } from '@spanwright/sdk'
import express from 'express'

import { traceService } from '../../recipes/feathers.ts'
import { traceRoute } from '../../recipes/loopback.ts'

/** Addresses of the servers. */
export type Started = Readonly<Record<string, string>>

class OutOfStock extends Error {}

/** The work of every framework for `/orders/:id`. */
async function getOrder(id: string): Promise<object> {
  if (id === 'broken') throw new OutOfStock('none left')
  return withSpan('load order', () => Promise.resolve({ id }))
}

const service = {
  async get(id: string): Promise<object> {
    if (id === 'none') throw new NotFound('no such order')
    return getOrder(id)
  },
}

function createFeathersOnKoa(): Promise<Server> {
  const app = feathersKoa.koa(feathers())
  app.use(traceKoa())
  app.use(feathersKoa.errorHandler())
  app.use(feathersKoa.bodyParser())
  app.configure(feathersKoa.rest())
  app.use('orders', service)
  app.hooks({ around: { all: [traceService] } })
  return app.listen(0, '127.0.0.1')
}

function createFeathersOnExpress(): Promise<Server> {
  const app = feathersExpress.default(feathers())
  app.use(tracing() as never)
  app.configure(feathersExpress.rest())
  app.use('orders', service)
  app.use(feathersExpress.errorHandler({ logger: false }))
  app.hooks({ around: { all: [traceService] } })
  return app.listen(0, '127.0.0.1')
}

async function createLoopBack(): Promise<Server> {
  const rest = new RestApplication({ rest: { listenOnStart: false } })
  rest.middleware(traceRoute)
  const parameter = { name: 'id', in: 'path', schema: { type: 'string' } } as const
  rest.route('get', '/orders/{id}', { parameters: [parameter], responses: {} }, (id: string) => {
    if (id === 'none') throw new HttpErrors.NotFound('no such order')
    return getOrder(id)
  })
  await rest.start()
  const app = express()
  app.use(tracing())
  app.use(rest.requestHandler)
  return app.listen(0, '127.0.0.1')
}

const SERVERS: Readonly<Record<string, () => Promise<Server>>> = {
  'Feathers on Koa': createFeathersOnKoa,
  'Feathers on Express': createFeathersOnExpress,
  'LoopBack in Express': createLoopBack,
}

async function start({ endpoint }: { readonly endpoint: string }): Promise<Started> {
  startTracing({
    serviceName: 'own answers',
    exporter: { protocol: 'http/json', url: `${endpoint}/v1/traces` },
    batch: { delay: 20 },
  })
  const urls: Record<string, string> = {}
  for (const [name, create] of Object.entries(SERVERS)) {
    const server = await create()
    if (!server.listening) await once(server, 'listening')
    urls[name] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  return urls
}

process.once('message', (setting: { readonly endpoint: string }) => {
  void start(setting).then(started => process.send?.(started))
})
