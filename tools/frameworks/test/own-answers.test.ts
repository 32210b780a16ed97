import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { Caller, exceptionsOf, type Receiver, startReceiver } from '@spanwright/traces'

import type { Started } from './own-answers/program.ts'
import { type Program, startProgram } from './process.ts'

// Starting processes and receiving spans takes a while on a busy machine.
jest.setTimeout(120_000)

let receiver: Receiver
let program: Program<Started>
beforeAll(async () => {
  receiver = await startReceiver()
  program = await startProgram<Started>('own-answers/program.ts', { endpoint: receiver.endpoint })
})
afterAll(async () => {
  await program.stop()
  await receiver.stop()
})

describe.each([
  ['Feathers on Koa', '/orders/:id'],
  ['Feathers on Express', '/orders/:id'],
  ['LoopBack in Express', '/orders/{id}'],
])('%s', (name, route) => {
  async function ask(path: string, status: number): Promise<Caller> {
    const caller = new Caller(receiver)
    const answer = await caller.send(`${program.answer[name]}${path}`)
    expect(answer.status).toBe(status)
    return caller
  }

  it('has its route, and its work below the request', async () => {
    const caller = await ask('/orders/7', 200)

    expect(await caller.tree('load order', /^GET/)).toEqual([`SERVER GET ${route}`, '  INTERNAL load order'])
    expect((await caller.serverSpan()).attributes['http.route']).toBe(route)
  })

  it('names the error behind a 500', async () => {
    const span = await (await ask('/orders/broken', 500)).serverSpan()

    expect(span).toMatchObject({
      name: `GET ${route}`,
      failed: true,
      attributes: { 'error.type': 'OutOfStock', 'http.response.status_code': 500 },
    })
    expect(exceptionsOf(span)).toEqual(['OutOfStock'])
  })

  it('does not report an error for the client as a failure', async () => {
    const span = await (await ask('/orders/none', 404)).serverSpan()

    expect(span).toMatchObject({ name: `GET ${route}`, failed: false })
    expect(exceptionsOf(span)).toEqual(name === 'Feathers on Express' ? ['NotFound'] : [])
  })

  it('gives an unknown path no route', async () => {
    const span = await (await ask('/nothing', 404)).serverSpan()

    expect(span).toMatchObject({ name: 'GET', failed: false })
  })
})
