import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { type Receiver, startReceiver } from '@spanwright/traces'

import { linesNotTried } from './documented.ts'
import type { Started } from './graphql/program.mts'
import { type Program, startProgram } from './process.ts'
import { Caller, exceptionsOf } from './traces.ts'

// Processes start, and spans arrive, when the machine has time for it.
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
    ['an operation of its clients', 'query Order { order { id } }', '/graphql query Order', 'query', 'Order'],
    [
      'one that changes data',
      'mutation PlaceOrder { placeOrder { id } }',
      '/graphql mutation PlaceOrder',
      'mutation',
      'PlaceOrder',
    ],
    ['one that it does not know', 'query Xyz123 { order { id } }', '/graphql query', 'query', 'Xyz123'],
    ['one without a name', '{ order { id } }', '/graphql query', 'query', undefined],
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

  it('has work of resolvers beneath the request, and no spans of fields', async () => {
    const caller = await ask('query Order { order { id } }')

    expect(await caller.tree('load order', /^POST/)).toEqual([
      'SERVER POST /graphql query Order',
      '  INTERNAL load order',
    ])
  })

  it('records what a resolver throws, which is answered with 200', async () => {
    const span = await (await ask('{ broken { id } refused { id } }')).serverSpan()

    expect(span).toMatchObject({ name: 'POST /graphql query', failed: false })
    expect(exceptionsOf(span)).toEqual(['RangeError'])
  })

  it('names no operation for a text that is none', async () => {
    const span = await (await ask('{ nothing }')).serverSpan()

    expect(span.name).toBe(name.endsWith('Koa 3') ? 'POST' : 'POST /graphql')
    expect(span.attributes['graphql.operation.type']).toBeUndefined()
    expect(exceptionsOf(span)).toEqual([])
  })
})

it('is what docs/recipes/graphql.md shows', () => {
  expect(linesNotTried('graphql.md')).toEqual([])
})
