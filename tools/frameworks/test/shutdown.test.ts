import { expect, it } from '@jest/globals'
import { Caller, startReceiver } from '@spanwright/traces'

import { startProgram } from './process.ts'
import type { Setting } from './shutdown/program.ts'

const PATIENCE = 60_000

it(
  'answers open requests, cuts hanging ones, sends all spans and ends',
  async () => {
    await using receiver = await startReceiver()
    const setting: Setting = { endpoint: receiver.endpoint, drain: 500, deadline: 1500 }
    const program = await startProgram<{ readonly url: string }>('shutdown/program.ts', setting)
    const { url } = program.answer
    const [slow, stuck] = [new Caller(receiver), new Caller(receiver)]

    let asked = program.heard()
    const slowly = slow.send(`${url}/slow`)
    await asked
    asked = program.heard()
    const never = stuck.send(`${url}/stuck`).catch((error: unknown) => error)
    await asked

    program.signal('SIGTERM')
    const isReady = async (): Promise<boolean> => (await fetch(`${url}/ready`)).ok
    while (await isReady());
    program.send({})

    expect(await slowly).toEqual({ status: 200, body: '{"done":true}' })
    expect(await never).toMatchObject({ message: 'fetch failed' })
    expect(await program.ended).toBe(0)
    expect(receiver.spans()).toHaveLength(2)
    expect(await slow.serverSpan()).toMatchObject({
      name: 'GET /slow',
      failed: false,
      attributes: { 'http.response.status_code': 200 },
    })
    expect(await stuck.serverSpan()).toMatchObject({
      name: 'GET /stuck',
      failed: true,
      attributes: { 'error.type': 'ECONNRESET' },
    })
  },
  PATIENCE,
)
