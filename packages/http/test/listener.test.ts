import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

import { requestOf } from '@spanwright/http-servers'
import { describe, expect, it } from '@jest/globals'

import { traceListener } from '@spanwright/http'

import { recorder } from './recorder.ts'
import { answer, listen, send } from './service.ts'

describe('traceListener()', () => {
  it('keeps name, length, this and result of a listener', async () => {
    const results: unknown[] = []
    const listener = async function shop(this: unknown, req: IncomingMessage, res: ServerResponse) {
      results.push(this)
      answer(req, res)
      return 'done'
    }
    const traced = traceListener(listener)
    expect([traced.name, traced.length]).toEqual(['shop', 2])
    expect(traceListener(traced)).toBe(traced)
    const server = createServer((req, res) => void results.push(traced.call(server, req, res)))
    await send(await listen(server), requestOf('GET /items/7'))
    await recorder.waitFor('GET /items/:id')

    expect(results[0]).toBe(server)
    await expect(results[1]).resolves.toBe('done')
  })

  it('refuses a value that is not a function', () => {
    expect(() => traceListener(createServer() as never)).toThrow(
      /^traceListener\(\): expected a function of request and response; got an instance of Server$/,
    )
  })
})
