import { beforeAll, describe, expect, it } from '@jest/globals'

import { PATIENCE } from '../host.ts'
import { ALONE, type Run, startServices } from './processes.ts'

describe("with OpenTelemetry's auto-instrumentations in the same process", () => {
  let bare: Run
  let both: Run
  let reversed: Run
  let divided: Run
  beforeAll(async () => {
    await using services = await startServices()
    ;[bare, both] = await Promise.all([services.run([]), services.run(['spanwright', 'instrumentations'])])
    ;[reversed, divided] = await Promise.all([
      services.run(['instrumentations', 'spanwright']),
      services.run(['spanwright', 'instrumentations-of-others']),
    ])
  }, 4 * PATIENCE)

  it('a request to a server, and one of node:http, has one span, theirs', () => {
    expect(both.traces.requests).toEqual([
      'SERVER GET (instrumentation-http)',
      'SERVER GET /carts/:id (instrumentation-http)',
      'SERVER GET /items/:id (instrumentation-http)',
      '  CLIENT GET (@spanwright/undici)',
      '  CLIENT GET (@spanwright/undici)',
      '  CLIENT GET (instrumentation-http)',
      '  CLIENT GET (instrumentation-undici)',
      '  CLIENT GET (instrumentation-undici)',
      '  CLIENT SELECT (@spanwright/pg)',
      '  CLIENT grpc.shop.Cart/Add (instrumentation-grpc)',
      '    SERVER grpc.shop.Cart/Add (instrumentation-grpc)',
      '    SERVER shop.Cart/Add (@spanwright/grpc)',
      '  CLIENT pg.query:SELECT postgres (instrumentation-pg)',
      '  PRODUCER send orders (@spanwright/kafkajs)',
      '    PRODUCER send orders (instrumentation-kafkajs)',
      '      CONSUMER process orders (@spanwright/kafkajs)',
      '      CONSUMER process orders (instrumentation-kafkajs)',
    ])
  })

  it('each request carries the context of one client span', () => {
    expect(both.carried).toEqual({
      '/peer/fetch': 'CLIENT GET (@spanwright/undici)',
      '/peer/undici': 'CLIENT GET (@spanwright/undici)',
      '/peer/http': 'CLIENT GET (instrumentation-http)',
    })
  })

  it('the order of set-up makes no difference', () => {
    expect(reversed.traces.requests).toEqual(both.traces.requests)
    expect(reversed.carried).toEqual(both.carried)
  })

  it('the report names what is traced twice', () => {
    const names = ['express', 'grpc', 'kafkajs', 'koa', 'pg', 'undici']
    expect(both.problems.toSorted().map(problem => problem.replace(/ beside .* with both,/, ' …'))).toEqual(
      names.map(
        name =>
          `@opentelemetry/instrumentation-${name} makes spans … ${name} is traced twice; switch one of them off`,
      ),
    )
    expect(divided.problems).toEqual([])
  })

  it('nothing is traced twice when those of the same libraries are off', () => {
    expect(divided.traces.requests).toEqual(ALONE.requests)
    expect(divided.carried).toEqual(ALONE.carried)
  })

  it('the application behaves as without tracing, and its process ends', () => {
    for (const { answers, code, printed } of [bare, both, reversed, divided]) {
      expect({ answers, code, printed }).toEqual({ answers: ALONE.answers, code: 0, printed: '' })
    }
  })
})
