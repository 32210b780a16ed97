// GraphQL servers in a separate process: some of their packages are ES modules, which Jest cannot load.
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

import { ApolloServer } from '@apollo/server'
import { expressMiddleware } from '@as-integrations/express5'
import { koaMiddleware } from '@as-integrations/koa'
import { tracing } from '@spanwright/express'
import { tracing as traceKoa } from '@spanwright/koa'
import { startTracing } from '@spanwright/sdk'
import express from 'express'
import { createHandler } from 'graphql-http/lib/use/express'
import { createHandler as createKoaHandler } from 'graphql-http/lib/use/koa'
import Koa from 'koa'
import bodyParser from 'koa-bodyparser'
import mount from 'koa-mount'

import * as apollo4 from '../../apollo4/apollo.ts'
import { createGraphqlApp } from '../../nest11/graphql.ts'
import { tracingPlugin } from '../../recipes/graphql/apollo.ts'
import { onOperation } from '../../recipes/graphql/graphql-http.ts'
import { createSchema } from './schema.ts'

/** Addresses of the servers. */
export type Started = Readonly<Record<string, string>>

const SERVERS: Readonly<Record<string, () => Promise<RequestListener>>> = {
  async 'Apollo Server 5 on Express 5'() {
    const app = express()
    app.use(tracing())
    const server = new ApolloServer({ schema: createSchema(), plugins: [tracingPlugin] })
    await server.start()
    app.use('/graphql', express.json(), expressMiddleware(server))
    return app
  },
  async 'Apollo Server 4 on Express 4'() {
    const app = apollo4.express()
    app.use(tracing() as never)
    const server = new apollo4.ApolloServer({ schema: createSchema(), plugins: [tracingPlugin as never] })
    await server.start()
    app.use('/graphql', apollo4.express.json(), apollo4.expressMiddleware(server))
    return app
  },
  async 'Apollo Server 5 on Koa 3'() {
    const app = new Koa()
    app.use(traceKoa())
    const server = new ApolloServer({ schema: createSchema(), plugins: [tracingPlugin] })
    await server.start()
    app.use(bodyParser())
    app.use(mount('/graphql', koaMiddleware(server)))
    return listenerOf(app)
  },
  'Apollo Server 5 in Nest 11': createGraphqlApp,
  'graphql-http on Express 5'() {
    const app = express()
    app.use(tracing())
    app.all('/graphql', createHandler({ schema: createSchema(), onOperation }))
    return Promise.resolve(app)
  },
  'graphql-http on Koa 3'() {
    const app = new Koa()
    app.use(traceKoa())
    app.use(mount('/graphql', createKoaHandler({ schema: createSchema(), onOperation })))
    return Promise.resolve(listenerOf(app))
  },
}

function listenerOf(app: Koa): RequestListener {
  const callback = app.callback()
  return (req, res) => void callback(req, res)
}

async function start({ endpoint }: { readonly endpoint: string }): Promise<Started> {
  startTracing({
    serviceName: 'graphql',
    exporter: { protocol: 'http/json', url: `${endpoint}/v1/traces` },
    batch: { delay: 20 },
  })
  const urls: Record<string, string> = {}
  for (const [name, create] of Object.entries(SERVERS)) {
    const server = createServer(await create())
    await once(server.listen(0, '127.0.0.1'), 'listening')
    urls[name] = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`
  }
  return urls
}

process.once('message', (setting: { readonly endpoint: string }) => {
  void start(setting).then(started => process.send?.(started))
})
