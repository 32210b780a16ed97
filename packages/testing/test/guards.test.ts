import { context, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api'
import { afterAll, afterEach, describe, expect, it } from '@jest/globals'

import {
  assertBudget,
  assertNoLostContext,
  assertNoRepeatedQueries,
  recordSpans,
  type TraceBudget,
} from '@spanwright/testing'
import '@spanwright/testing/jest'

import { failureOf, makeOrderTrace, makeSpan } from './spans.ts'

const recorder = recordSpans()
afterEach(() => recorder.reset())
afterAll(() => recorder.stop())

function query(summary: string, attributes: Record<string, string> = {}): void {
  makeSpan(recorder, summary, {
    kind: SpanKind.CLIENT,
    attributes: { 'db.system.name': 'postgresql', 'db.query.summary': summary, ...attributes },
  })
}

describe('toStayWithin', () => {
  it('passes when nothing exceeds the budget', () => {
    makeOrderTrace(recorder)

    expect(recorder).toStayWithin({
      spans: 5,
      'SELECT *': 1,
      'CLIENT *': 2,
      'send orders': 1,
      'DELETE *': 0,
      durationMs: 60_000,
    })
    assertBudget(recorder, { spans: 5 })
  })

  it('says what exceeds the budget and marks the spans', () => {
    makeOrderTrace(recorder)

    const message = failureOf(() => expect(recorder).toStayWithin({ spans: 4, 'CLIENT *': 1, 'SELECT *': 1 }))

    expect(message).toBe(`expected to stay within the budget, but there are
  5 spans, at most 4
  2 spans named CLIENT *, at most 1

recorded:
  SERVER POST /orders
>   CLIENT SELECT stock
>   CLIENT INSERT orders ✗ 23505
    PRODUCER send orders
      INTERNAL encode`)
    expect(failureOf(() => assertBudget(recorder, { spans: 4, 'CLIENT *': 1, 'SELECT *': 1 }))).toBe(message)
  })

  it('compares the time between the first start and the last end', () => {
    const tracer = recorder.tracerProvider.getTracer('test')
    tracer.startSpan('first', { startTime: [1, 0] }).end([1, 100e6])
    tracer.startSpan('last', { startTime: [1, 150e6] }).end([1, 250.5e6])

    expect(recorder).toStayWithin({ durationMs: 250.5 })
    expect(failureOf(() => expect(recorder).toStayWithin({ durationMs: 250 }))).toContain(
      '250.5 ms, at most 250 ms',
    )
  })

  it('says in the negated form which budget was not exceeded', () => {
    makeSpan(recorder, 'work')

    expect(recorder).not.toStayWithin({ spans: 0 })
    expect(failureOf(() => expect(recorder).not.toStayWithin({ spans: 1 }))).toBe(
      'expected to exceed the budget {"spans":1}\n\nrecorded:\n  INTERNAL work',
    )
  })

  it.each<[string, unknown, string]>([
    ['an empty budget', {}, 'expected a budget such as'],
    ['no budget', undefined, 'expected a budget such as'],
    ['a negative limit', { spans: -1 }, 'a number of at least 0 for spans of the budget; got -1'],
    ['a limit that is not a number', { 'SELECT *': '3' }, 'for SELECT * of the budget; got 3'],
  ])('refuses %s', (_, budget, message) => {
    expect(failureOf(() => assertBudget(recorder, budget as TraceBudget))).toContain(message)
  })
})

describe('toHaveNoRepeatedQueries', () => {
  it('passes for a query that runs twice below one span, and once below each of many', () => {
    makeSpan(recorder, 'request', { kind: SpanKind.SERVER }, () => {
      query('SELECT users')
      query('SELECT users')
      for (let i = 0; i < 3; i++) makeSpan(recorder, 'item', {}, () => query('SELECT items'))
    })

    expect(recorder).toHaveNoRepeatedQueries()
    assertNoRepeatedQueries(recorder)
  })

  it('names the query, its parent and how often it ran', () => {
    makeSpan(recorder, 'GET /users', { kind: SpanKind.SERVER }, () => {
      query('SELECT users')
      for (let i = 0; i < 3; i++) query('SELECT orders')
    })

    const message = failureOf(() => expect(recorder).toHaveNoRepeatedQueries())

    expect(message).toBe(`expected no repeated queries, but there are
  SELECT orders, 3 times beneath SERVER GET /users

recorded:
  SERVER GET /users
    CLIENT SELECT users
>   CLIENT SELECT orders
>   CLIENT SELECT orders
>   CLIENT SELECT orders`)
    expect(failureOf(() => assertNoRepeatedQueries(recorder, { atMost: 1 }))).toBe(message)
    expect(recorder).toHaveNoRepeatedQueries({ atMost: 3 })
    expect(failureOf(() => expect(recorder).not.toHaveNoRepeatedQueries({ atMost: 3 }))).toContain(
      'expected repeated queries',
    )
  })

  it('does not count connections, reads of a cursor, statements of a transaction, and other databases', () => {
    makeSpan(recorder, 'request', { kind: SpanKind.SERVER }, () => {
      for (let i = 0; i < 3; i++) {
        query('FETCH pages')
        query('BEGIN')
        query('COMMIT')
        query('SELECT users', { 'db.namespace': `tenant ${i}` })
        makeSpan(recorder, 'pg.connect', { kind: SpanKind.CLIENT, attributes: { 'db.system': 'postgresql' } })
        makeSpan(recorder, 'GET', { kind: SpanKind.CLIENT, attributes: { 'url.full': 'http://stock/' } })
      }
    })

    expect(recorder).toHaveNoRepeatedQueries({ atMost: 1 })
  })

  it('counts queries of the older conventions and those without a parent', () => {
    const legacy = { 'db.system': 'postgresql', 'db.statement': 'SELECT * FROM users WHERE id = $1' }
    const root = (): unknown => context.with(ROOT_CONTEXT, () => query('SELECT users'))
    for (let i = 0; i < 3; i++) root()
    makeSpan(recorder, 'request', { kind: SpanKind.SERVER }, () => {
      for (let i = 0; i < 3; i++)
        makeSpan(recorder, 'pg.query', { kind: SpanKind.CLIENT, attributes: legacy })
    })

    expect(failureOf(() => expect(recorder).toHaveNoRepeatedQueries())).toContain(
      'SELECT * FROM users WHERE id = $1, 3 times beneath SERVER request',
    )
  })

  it('refuses a limit below 1', () => {
    expect(failureOf(() => assertNoRepeatedQueries(recorder, { atMost: 0 }))).toBe(
      'expected atMost to be an integer of at least 1; got 0',
    )
  })
})

describe('toHaveNoLostContext', () => {
  const serve = (work: () => void): void =>
    void makeSpan(recorder, 'GET /users', { kind: SpanKind.SERVER }, work)
  const call = (): void => void makeSpan(recorder, 'GET', { kind: SpanKind.CLIENT })

  it('passes when calls are below the request, and before and after it without a parent', () => {
    call()
    serve(call)
    call()

    expect(recorder).toHaveNoLostContext()
    assertNoLostContext(recorder)
  })

  it('names a call that begins a trace while a request is in progress', () => {
    serve(() => context.with(ROOT_CONTEXT, call))

    const message = failureOf(() => expect(recorder).toHaveNoLostContext())

    expect(message).toBe(`expected no lost context, but
  CLIENT GET begins a trace while SERVER GET /users is under way

recorded:
  SERVER GET /users
> CLIENT GET`)
    expect(failureOf(() => assertNoLostContext(recorder))).toBe(message)
    expect(recorder).toHaveNoLostContext({ allow: [{ name: 'GET', kind: 'CLIENT' }] })
  })

  it('names a message sent while another one is processed by a span that is still open', () => {
    const open = recorder.tracerProvider.getTracer('test').startSpan('process', { kind: SpanKind.CONSUMER })
    makeSpan(recorder, 'send orders', { kind: SpanKind.PRODUCER })

    expect(failureOf(() => expect(recorder).toHaveNoLostContext())).toContain(
      'PRODUCER send orders begins a trace while CONSUMER process is under way',
    )
    open.end()
  })

  it('names an orphan, unless its parent is remote', () => {
    const parent = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 }
    const beneath = (isRemote: boolean, name: string): void =>
      context.with(
        trace.setSpanContext(ROOT_CONTEXT, { ...parent, isRemote }),
        () => void makeSpan(recorder, name),
      )
    beneath(true, 'of another process')
    expect(recorder).toHaveNoLostContext()

    beneath(false, 'of this one')
    expect(failureOf(() => expect(recorder).toHaveNoLostContext())).toContain(
      'the parent of INTERNAL of this one was not recorded',
    )
    expect(failureOf(() => expect(recorder).not.toHaveNoLostContext({ allow: [/this/] }))).toContain(
      'expected a lost context',
    )
  })
})
