import { describe, expect, it } from '@jest/globals'

import { PATIENCE, programsOf, run } from './documented.ts'

const [sockets, events] = programsOf('long-lived-connections.md') as [string, string]

/** Prints each span as it ends. */
const SET_UP = `
import { startTracing as start } from '@spanwright/sdk'
start({
  serviceName: 'chat',
  exporter: 'none',
  spanProcessors: [
    {
      onStart() {},
      onEnd({ name, kind, status, parentSpanContext, links, attributes }) {
        console.log(JSON.stringify({
          name,
          kind,
          status: status.code,
          statusCode: attributes['http.response.status_code'],
          isRoot: !parentSpanContext,
          links: links.map(link => link.context.traceId),
        }))
      },
      forceFlush: async () => {},
      shutdown: async () => {},
    },
  ],
})
`

interface Ended {
  readonly name: string
  readonly kind: number
  readonly status: number
  readonly statusCode?: number
  readonly isRoot: boolean
  readonly links: readonly string[]
}

async function spansOf(program: string): Promise<Ended[]> {
  const lines = (await run(SET_UP + program, 'module')).trim().split('\n')
  return lines.map(line => JSON.parse(line) as Ended)
}

describe('the recipe for long-lived connections', () => {
  it(
    'gives each message of a WebSocket a trace with a link to its request',
    async () => {
      const client = `
        import { once } from 'node:events'
        import { WebSocket as Client } from 'ws'
        server.listen(0, '127.0.0.1')
        await once(server, 'listening')
        const client = new Client('ws://127.0.0.1:' + server.address().port)
        await once(client, 'open')
        for (const text of ['a', 'b']) {
          client.send(text)
          await once(client, 'message')
        }
        client.close()
        await once(client, 'close')
        server.close()
      `

      expect(
        await spansOf(
          sockets.replace('import { type WebSocket, ', 'import { ').replace(': WebSocket)', ')') + client,
        ),
      ).toEqual([
        { name: 'GET', kind: 1, status: 0, statusCode: 101, isRoot: true, links: [] },
        ...['a', 'b'].map(() => ({
          name: 'handle message',
          kind: 0,
          status: 0,
          isRoot: true,
          links: [expect.stringMatching(/^[\da-f]{32}$/)],
        })),
      ])
    },
    PATIENCE,
  )

  it(
    'traces each sent event, and not the response',
    async () => {
      const client = `
        import { get } from 'node:http'
        import { once } from 'node:events'
        const server = app.listen(0, '127.0.0.1')
        await once(server, 'listening')
        const request = get({ port: server.address().port, path: '/events', agent: false })
        const [response] = await once(request, 'response')
        await once(response, 'data')
        request.destroy()
        server.close()
      `

      expect(await spansOf(events.replace('1000', '1') + client)).toContainEqual({
        name: 'push event',
        kind: 0,
        status: 0,
        isRoot: true,
        links: [],
      })
    },
    PATIENCE,
  )
})
