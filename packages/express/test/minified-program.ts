import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

import express from 'express'

import { tracing } from '@spanwright/express'
import { recordSpans } from '@spanwright/testing'

// Asks an app for each path it is given, and prints the names of the spans.
const answer: express.RequestHandler = (_req, res) => void res.send('ok')
const inner = express().use('/in/:b', express.Router().get('/leaf/:c', answer))
const app = express()
  .set('env', 'test')
  .use(tracing({ layers: 'events' }))
app.use('/outer/:a', inner)
app.use('/m/:b', express.Router().get('/leaf/:c', answer))

const recorder = recordSpans({ global: true })
const server = app.listen(0, '127.0.0.1', async () => {
  const names: string[] = []
  for (const path of process.argv.slice(2)) {
    const { port } = server.address() as AddressInfo
    await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } })
    names.push((await recorder.waitFor({ kind: 'SERVER' })).name)
    await recorder.reset()
  }
  console.log(JSON.stringify(names))
  server.close()
  await once(server, 'close')
  await recorder.stop()
})
