import { pathToFileURL } from 'node:url'
import { createRequire } from 'node:module'

import { serve } from '@spanwright/test-kit'
import { withSpan } from '@spanwright/core'
import { recordSpans } from '@spanwright/testing'

import { traceHttp } from '@spanwright/http'

/** What the tests use of got, which is an ES module. */
interface Got {
  (url: string, options?: object): Promise<{ readonly body: string }>
}

// Requests of one version of got that are sent again. Prints the spans of each call.
async function main(name: string): Promise<void> {
  const resolved = pathToFileURL(createRequire(__filename).resolve(name)).href
  const { default: got } = (await import(resolved)) as { default: Got }
  let busy = 0
  await using server = await serve((req, res) => {
    if (req.url === '/first') res.writeHead(302, { location: '/second' }).end()
    else if (req.url === '/second') res.writeHead(302, { location: '/busy' }).end()
    else if (req.url === '/busy' && ++busy < 3) res.writeHead(503).end()
    else res.end('ok')
  })
  const recorder = recordSpans({ global: true })
  const tracing = traceHttp()
  const retry = {
    limit: 2,
    backoffLimit: 1,
    calculateDelay: ({ computedValue }: { computedValue: number }) => computedValue && 1,
  }
  const get = async (path: string): Promise<void> => {
    await got(`${server.origin}${path}`, { retry, agent: {} })
  }
  const calls: (() => Promise<unknown>)[] = [
    () => get('/items/7'),
    () => get('/first'),
    () => Promise.all([get('/items/7'), get('/items/8'), get('/first')]),
  ]
  const seen: unknown[] = []
  for (const call of calls) {
    busy = 0
    await withSpan('caller', call)
    await recorder.waitFor('caller')
    const sent = recorder.spans().filter(({ name: of }) => of === 'GET')
    seen.push(
      sent
        .toSorted((a, b) => a.startTime[0] - b.startTime[0] || a.startTime[1] - b.startTime[1])
        .map(({ attributes }) => [
          String(attributes['url.full']).replace(server.origin, ''),
          attributes['http.response.status_code'],
          attributes['http.request.resend_count'] ?? null,
        ]),
    )
    await recorder.reset()
  }
  tracing.stop()
  await recorder.stop()
  process.stdout.write(JSON.stringify(seen))
}

void main(process.argv[2] ?? '')
