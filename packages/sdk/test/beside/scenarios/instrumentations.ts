import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type RequestListener } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

import { registerInstrumentations } from '@opentelemetry/instrumentation'
import { ExpressInstrumentation } from '@opentelemetry/instrumentation-express'
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici'

import type { Scenario } from '../scenario.ts'

interface App extends RequestListener {
  get(path: string, handler: (request: IncomingMessage, response: Sender) => unknown): void
}

interface Sender {
  send(body: string): void
}

const load = createRequire(__filename)

/** An Express app that calls itself by `fetch` and `node:http`. */
export const scenario: Scenario = {
  async run(tracerProvider) {
    registerInstrumentations({
      tracerProvider,
      instrumentations: [
        new HttpInstrumentation(),
        new ExpressInstrumentation(),
        new UndiciInstrumentation(),
      ],
    })
    // They patch modules that are loaded after them.
    load('http')
    const app = (load('express') as () => App)()
    const server = createServer(app)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    app.get('/prices/:id', (_request, response) => response.send('7'))
    app.get('/broken', () => {
      throw new TypeError('no price')
    })
    app.get('/items/:id', async (_request, response) => {
      const prices = await Promise.all([fetch(`${url}/prices/1?q=2`), fetch(`${url}/broken`)])
      response.send(prices.map(({ status }) => status).join())
    })
    const [response] = (await once(get(`${url}/items/7`), 'response')) as [IncomingMessage]
    const answer = await text(response)
    if (answer !== '200,500') throw new Error(`the app answered ${answer}`)
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  },
}
