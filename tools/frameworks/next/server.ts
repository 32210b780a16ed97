import { createServer } from 'node:http'

import { traceServer } from '@spanwright/http'
import { startTracing } from '@spanwright/sdk'
import { traceUndici } from '@spanwright/undici'
import next from 'next'

startTracing({ serviceName: 'web' })
traceUndici() // the fetch of pages, which Next.js replaces

const META = Symbol.for('NextInternalRequestMeta')

interface Matched {
  readonly [META]?: { readonly match?: { readonly definition: { readonly pathname: string } } }
}

/** The route that Next.js matched, such as `/items/[id]`. */
function routeOf(req: object): string | undefined {
  const route = (req as Matched)[META]?.match?.definition.pathname
  return route?.startsWith('/_') ? undefined : route // /_not-found
}

async function main(): Promise<void> {
  const app = next({ dev: process.env.NODE_ENV === 'development' })
  await app.prepare()
  const handle = app.getRequestHandler()
  const server = createServer((req, res) => void handle(req, res))
  traceServer(server, { route: routeOf }).listen(Number(process.env['PORT'] ?? 3000))
}

void main()
