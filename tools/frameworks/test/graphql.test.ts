import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { Caller, exceptionsOf, type Receiver, startReceiver } from '@spanwright/traces'

import type { Started } from './graphql/program.mts'
import { type Program, startProgram } from './process.ts'

// Starting processes and receiving spans takes a while on a busy machine.
jest.setTimeout(120_000)

let receiver: Receiver
let program: Program<Started>
beforeAll(async () => {
  receiver = await startReceiver()
  program = await startProgram<Started>('graphql/program.mts', { endpoint: receiver.endpoint })
})
afterAll(async () => {
  await program.stop()
  await receiver.stop()
})

describe.each([
  'Apollo Server 5 on Express 5',
  'Apollo Server 4 on Express 4',
  'Apollo Server 5 on Koa 3',
  'Apollo Server 5 in Nest 11',
  'graphql-http on Express 5',
  'graphql-http on Koa 3',
])('%s', name => {
  async function ask(query: string): Promise<Caller> {
    const caller = new Caller(receiver)
    await caller.send(program.answer[name] ?? '', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    })
    return caller
  }

  it.each([
    ['a known operation', 'query Order { order { id } }', '/graphql query Order', 'query', 'Order'],
    [
      'a mutation',
      'mutation PlaceOrder { placeOrder { id } }',
      '/graphql mutation PlaceOrder',
      'mutation',
      'PlaceOrder',
    ],
    [
      'the type of an unknown operation',
      'query Xyz123 { order { id } }',
      '/graphql query',
      'query',
      'Xyz123',
    ],
    ['the type of an operation without a name', '{ order { id } }', '/graphql query', 'query', undefined],
  ])('names the request after %s', async (_what, query, route, type, operation) => {
    const span = await (await ask(query)).serverSpan()

    expect(span).toMatchObject({ name: `POST ${route}`, kind: 'SERVER', failed: false, events: [] })
    expect(span.attributes).toMatchObject({
      'http.route': route,
      'http.response.status_code': 200,
      'graphql.operation.type': type,
    })
    expect(span.attributes['graphql.operation.name']).toBe(operation)
  })

  it('has the work of resolvers below the request, and no spans for fields', async () => {
    const caller = await ask('query Order { order { id } }')

    expect(await caller.tree('load order', /^POST/)).toEqual([
      'SERVER POST /graphql query Order',
      '  INTERNAL load order',
    ])
  })

  it('records errors of resolvers, which are answered with 200', async () => {
    const span = await (await ask('{ broken { id } refused { id } }')).serverSpan()

    expect(span).toMatchObject({ name: 'POST /graphql query', failed: false })
    expect(exceptionsOf(span)).toEqual(['RangeError'])
  })

  it('names no operation for an invalid query', async () => {
    const span = await (await ask('{ nothing }')).serverSpan()

    expect(span.name).toBe(name.endsWith('Koa 3') ? 'POST' : 'POST /graphql')
    expect(span.attributes['graphql.operation.type']).toBeUndefined()
    expect(exceptionsOf(span)).toEqual([])
  })
})
