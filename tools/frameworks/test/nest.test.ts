import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { type KafkaService, startKafka } from '@spanwright/services'
import { Caller, exceptionsOf, type Receiver, startReceiver } from '@spanwright/traces'

import type { Setting, Started } from './nest/program.ts'
import { type Program, startProgram } from './process.ts'

// Starting processes and receiving spans takes a while on a busy machine.
jest.setTimeout(120_000)

let kafka: KafkaService
let receiver: Receiver
beforeAll(async () => {
  kafka = await startKafka()
  receiver = await startReceiver()
})
afterAll(async () => {
  await receiver.stop()
  await kafka.stop()
})

interface Expected {
  readonly status: number
  readonly route?: string
  /** Method of the controller. */
  readonly method?: string
  /** Default: `OrdersController`. */
  readonly controller?: string
  /** Class of the error. */
  readonly error?: string
  /** False: the exception gets no event. Default: true with an error. */
  readonly isRecorded?: boolean
}

// Nest 10 has no option `instrument`.
describe.each([
  ['nest10', false],
  ['nest11', true],
  ['nest12', true],
])('%s', (version, isInstrumented) => {
  const topic = `orders-${version}`
  let program: Program<Started>
  beforeAll(async () => {
    const setting: Setting = { version, topic, brokers: kafka.brokers, endpoint: receiver.endpoint }
    program = await startProgram<Started>('nest/program.ts', setting)
  })
  afterAll(() => program.stop())

  const guarded = { route: '/api/orders/guarded/:id', ...(isInstrumented && { method: 'guarded' }) }

  it.each<[what: string, path: string, role: string, expected: Expected]>([
    [
      'names controller and handler',
      'orders/stream',
      '',
      { status: 200, route: '/api/orders/stream', method: 'stream' },
    ],
    [
      'has the version in its route',
      'v2/carts/7',
      '',
      { status: 200, route: '/api/v2/carts/:id', method: 'find', controller: 'CartsController' },
    ],
    [
      'reports an error of a handler',
      'orders/broken',
      '',
      { status: 500, route: '/api/orders/broken', method: 'broken', error: 'TypeError' },
    ],
    [
      'reports the response of a filter',
      'orders/stock',
      '',
      { status: 503, route: '/api/orders/stock', method: 'stock', error: 'OutOfStock' },
    ],
    [
      'reports an error of a pipe',
      'orders/guarded/NaN',
      '',
      { status: 500, route: '/api/orders/guarded/:id', method: 'guarded', error: 'SyntaxError' },
    ],
    [
      'reports an error of a guard, if Nest allows it',
      'orders/guarded/7',
      'broken',
      { ...guarded, status: 500, error: isInstrumented ? 'RangeError' : '500', isRecorded: isInstrumented },
    ],
    [
      'accepts an Observable from a guard',
      'orders/streamed',
      '',
      { status: 200, route: '/api/orders/streamed', method: 'streamed' },
    ],
    [
      'reports an error of such a guard, if Nest allows it',
      'orders/streamed',
      'broken',
      {
        route: '/api/orders/streamed',
        ...(isInstrumented && { method: 'streamed' }),
        status: 500,
        error: isInstrumented ? 'RangeError' : '500',
        isRecorded: isInstrumented,
      },
    ],
    ['does not report a refusal as an error', 'orders/guarded/7', 'none', { ...guarded, status: 403 }],
    [
      'does not report a 404 of a handler as an error',
      'orders/missing',
      '',
      { status: 404, route: '/api/orders/missing', method: 'missing' },
    ],
    ['gives an unknown path under the prefix no route', 'nowhere/7', '', { status: 404 }],
    [
      'traces a stream of events',
      'orders/events',
      '',
      { status: 200, route: '/api/orders/events', method: 'events' },
    ],
  ])(
    '%s',
    async (
      _what,
      path,
      role,
      { status, route, method, controller = 'OrdersController', error, isRecorded = error !== undefined },
    ) => {
      const caller = new Caller(receiver)
      const answer = await caller.send(`${program.answer.plain}/api/${path}`, { headers: { 'x-role': role } })
      const span = await caller.serverSpan()

      expect(answer.status).toBe(status)
      expect(span).toMatchObject({
        kind: 'SERVER',
        name: route === undefined ? 'GET' : `GET ${route}`,
        failed: status >= 500,
        parentSpanId: caller.spanId,
      })
      const { attributes } = span
      expect(attributes['http.response.status_code']).toBe(status)
      expect(attributes['http.route']).toBe(route)
      expect(attributes['error.type']).toBe(error)
      expect(attributes['code.function.name']).toBe(method && `${controller}.${method}`)
      expect(exceptionsOf(span)).toEqual(isRecorded ? [error] : [])
    },
  )

  it('reports guards, pipes and controllers as layers', async () => {
    const caller = new Caller(receiver)
    await caller.send(`${program.answer.layered}/api/orders/guarded/7`)

    const tree = await caller.tree('load', /^GET/, 'parse', /^controller/)
    // Nest 12 names the function that it gives to Express.
    const [server, handler, ...rest] = tree
    expect(server).toBe('SERVER GET /api/orders/guarded/:id')
    expect(handler).toMatch(/^ {2}INTERNAL handler /)
    const guard = ['    INTERNAL guard RolesGuard', '      INTERNAL look up roles']
    const pipe = ['      INTERNAL pipe NumberPipe', '        INTERNAL parse']
    expect(rest).toEqual([
      ...(isInstrumented ? guard : ['    INTERNAL look up roles']),
      '    INTERNAL controller OrdersController.guarded',
      ...(isInstrumented ? pipe : ['      INTERNAL parse']),
      '      INTERNAL load',
    ])
  })

  it('marks layers that fail', async () => {
    const caller = new Caller(receiver)
    await caller.send(`${program.answer.layered}/api/orders/guarded/NaN`)

    const tree = await caller.tree(/^GET/, /^controller/)
    const failed = tree.filter(line => line.includes('✗')).map(line => line.trim())
    expect(failed).toEqual([
      'SERVER GET /api/orders/guarded/:id ✗ SyntaxError',
      'INTERNAL controller OrdersController.guarded ✗ SyntaxError',
      ...(isInstrumented ? ['INTERNAL pipe NumberPipe ✗ SyntaxError'] : []),
    ])
  })

  async function order(body: object): Promise<Caller> {
    const caller = new Caller(receiver)
    const { status } = await caller.send(`${program.answer.plain}/api/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    expect(status).toBe(201)
    return caller
  }

  it('keeps HTTP and Kafka in one trace', async () => {
    const caller = await order({ item: 'teapot' })

    expect(await caller.tree('ship', /^process/, /^POST/)).toEqual([
      'SERVER POST /api/orders',
      `  PRODUCER send ${topic}`,
      `    CONSUMER process ${topic}`,
      '      INTERNAL ship',
    ])
    const spans = await caller.spans()
    expect(spans.find(({ kind }) => kind === 'CONSUMER')?.attributes).toMatchObject({
      'code.function.name': 'OrdersController.created',
    })
  })

  it('keeps the reply to a message in that trace', async () => {
    const caller = new Caller(receiver)
    const { body } = await caller.send(`${program.answer.plain}/api/orders/quote`, { method: 'POST' })

    expect(body).toBe('{"price":24}')
    const reply = `${topic}.quote.reply`
    expect(await caller.tree(/^POST/, `process ${reply}`, `process ${topic}.quote`)).toEqual([
      'SERVER POST /api/orders/quote',
      `  PRODUCER send ${topic}.quote`,
      `    CONSUMER process ${topic}.quote`,
      '      INTERNAL look up price',
      `      PRODUCER send ${reply}`,
      `        CONSUMER process ${reply}`,
    ])
  })

  it('records an error of the handler of a message', async () => {
    const caller = await order({ fails: true })

    // The second attempt succeeds.
    const spans = await caller.spans('ship')
    const [first, second] = spans.filter(({ kind }) => kind === 'CONSUMER')
    expect(exceptionsOf(first!)).toContain('TypeError')
    expect(first).toMatchObject({ failed: true })
    expect(second).toMatchObject({ failed: false, events: [] })
  })
})
