import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { afterEach, describe, expect, it } from '@jest/globals'

import { assertComplete, assertConventions, assertSpan, assertTrace, recordSpans } from '@spanwright/testing'
import '@spanwright/testing/jest'

import { failureOf, makeOrderTrace, makeSpan } from './spans.ts'

const recorder = recordSpans()
afterEach(() => recorder.reset())

describe('toHaveSpan', () => {
  it('passes when name, kind, status, attributes, events and links match', () => {
    const cause = makeSpan(recorder, 'cause')
    const span = recorder.tracerProvider.getTracer('test').startSpan('work', {
      kind: SpanKind.CONSUMER,
      attributes: { 'job.id': 7, 'job.tags': ['a', 'b'] },
      links: [{ context: cause.spanContext(), attributes: { reason: 'retry' } }],
    })
    span.addEvent('tick', { number: 1 }).setStatus({ code: SpanStatusCode.ERROR, message: 'it broke' }).end()

    expect(recorder).toHaveSpan({
      name: /^wo/,
      kind: SpanKind.CONSUMER,
      status: { code: SpanStatusCode.ERROR, message: /broke/ },
      attributes: {
        'job.id': expect.any(Number),
        'job.tags': ['a', /./],
        'job.owner': undefined,
      },
      events: [{ name: 'tick', attributes: { number: 1 } }],
      links: [{ spanId: cause.spanContext().spanId, attributes: { reason: 'retry' } }],
    })
    expect(recorder).toHaveSpan({
      name: 'work',
      kind: 'CONSUMER',
      status: 'error',
      events: ['tick'],
    })
    expect(recorder.spans()).toHaveSpan({
      name: 'cause',
      status: 'unset',
      events: [],
      links: [],
    })
    expect(recorder.find('work')).not.toHaveSpan({ name: 'cause' })
  })

  it('shows the nearest span, how it differs, and what was recorded', () => {
    makeOrderTrace(recorder)

    const failure = failureOf(() =>
      expect(recorder).toHaveSpan({
        name: 'INSERT orders',
        kind: 'CLIENT',
        status: 'unset',
        attributes: { 'error.type': '23503', 'db.rows': expect.any(Number) },
        events: ['exception'],
        links: [{ spanId: 'b7ad6b7169203331' }],
      }),
    )

    expect(failure).toBe(
      `expected a span like { name: "INSERT orders", kind: "CLIENT", status: "unset", attributes: { error.type: "23503", db.rows: Any<Number> }, events: ["exception"], links: [{"spanId":"b7ad6b7169203331"}] }

nearest is CLIENT INSERT orders ✗ 23505:
  status: expected "unset", got "error"
  attribute error.type: expected "23503", got "23505"
  attribute db.rows: expected Any<Number>, got absent
  event exception: expected, got none
  link: expected {"spanId":"b7ad6b7169203331"}, got []

recorded:
  SERVER POST /orders
    CLIENT SELECT stock
    CLIENT INSERT orders ✗ 23505
    PRODUCER send orders
      INTERNAL encode`,
    )
  })

  it('says which span was found when none is allowed', () => {
    makeOrderTrace(recorder)

    expect(failureOf(() => expect(recorder).not.toHaveSpan({ name: 'encode' }))).toBe(
      'expected no span like { name: "encode" }, but there is INTERNAL encode',
    )
  })

  it('refuses a value without spans', () => {
    expect(failureOf(() => expect('text').toHaveSpan({}))).toContain('expected a recorder, a span')
  })
})

describe('toMatchTrace', () => {
  it('reads indented text, with or without kinds', () => {
    makeOrderTrace(recorder)

    expect(recorder).toMatchTrace(`
      SERVER POST /orders
        CLIENT SELECT stock
        CLIENT INSERT orders ✗ 23505
        PRODUCER send orders
          encode
    `)
  })

  it('reads nested objects, which may omit properties', () => {
    makeOrderTrace(recorder)

    expect(recorder).toMatchTrace({
      kind: 'SERVER',
      children: [
        { name: /stock/ },
        { name: 'INSERT orders', attributes: { 'error.type': '23505' } },
        { name: 'send orders', children: [{}] },
      ],
    })
  })

  it('accepts siblings in any order, and a loose one does not take the span of a strict one', () => {
    makeSpan(recorder, 'root', {}, () => {
      makeSpan(recorder, 'a')
      makeSpan(recorder, 'b')
    })

    expect(recorder).toMatchTrace({
      name: 'root',
      children: [{ name: /./ }, { name: 'a' }],
    })
    expect(recorder).toMatchTrace('root\n  b\n  a')
  })

  it('marks missing and unexpected spans', () => {
    makeOrderTrace(recorder)

    const failure = failureOf(() =>
      expect(recorder).toMatchTrace(`
        SERVER POST /orders
          CLIENT SELECT stock
          CLIENT INSERT orders
          PRODUCER send orders
            CLIENT GET
      `),
    )

    expect(failure).toBe(
      `expected trace and real one differ (- missing, + not expected):

  SERVER POST /orders
    CLIENT SELECT stock
+   CLIENT INSERT orders ✗ 23505
    PRODUCER send orders
+     INTERNAL encode
-     CLIENT GET
-   CLIENT INSERT orders`,
    )
  })

  it('reports an extra span, a missing one, and another depth', () => {
    makeSpan(recorder, 'root', {}, () => makeSpan(recorder, 'child'))

    expect(recorder).not.toMatchTrace('root')
    expect(recorder).not.toMatchTrace('root\n  child\n  child')
    expect(recorder).not.toMatchTrace('root\nchild')
    expect(recorder).not.toMatchTrace('')
  })
})

describe('toBeComplete', () => {
  it('passes for one root whose spans have all ended', () => {
    makeOrderTrace(recorder)

    expect(recorder).toBeComplete()
  })

  it('reports open spans, unknown parents, several roots, and an empty recording', async () => {
    const parent = recorder.tracerProvider.getTracer('test').startSpan('parent')
    context.with(trace.setSpan(context.active(), parent), () => makeSpan(recorder, 'child'))
    expect(failureOf(() => expect(recorder).toBeComplete())).toContain(
      'INTERNAL parent was started and has not ended',
    )
    expect(failureOf(() => expect(recorder.spans()).toBeComplete())).toContain(
      'the parent of INTERNAL child was not recorded',
    )

    await recorder.reset()
    expect(failureOf(() => expect(recorder).toBeComplete())).toContain('no span was recorded')
  })
})

describe('plain assertions', () => {
  it('pass and fail as the matchers do', () => {
    makeOrderTrace(recorder)

    assertSpan(recorder, { name: 'encode' })
    assertTrace(recorder.spans().slice(0, 1), 'CLIENT SELECT stock')
    assertComplete(recorder)
    assertConventions(recorder)
    expect(failureOf(() => assertSpan(recorder, { name: 'decode' }))).toContain('expected a span like')
    expect(failureOf(() => assertTrace(recorder, 'nothing'))).toContain('- nothing')
    expect(failureOf(() => assertComplete(recorder.spans().slice(0, 1)))).toContain('was not recorded')
    expect(() => assertComplete([])).toThrow(expect.objectContaining({ name: 'AssertionError' }))
  })
})

describe('a snapshot', () => {
  it('has no ids, times and ports', () => {
    makeSpan(recorder, 'GET', {
      kind: SpanKind.CLIENT,
      attributes: {
        'server.port': 40123,
        'url.full': 'http://127.0.0.1:40123/a',
      },
    })
    makeOrderTrace(recorder)

    expect(recorder.spans()).toMatchInlineSnapshot(`
      CLIENT GET (unset)
          server.port: (port)
          url.full: "http://127.0.0.1:(port)/a"
      SERVER POST /orders (unset)
        CLIENT SELECT stock (unset)
        CLIENT INSERT orders (error)
            error.type: "23505"
        PRODUCER send orders (unset)
          INTERNAL encode (unset)
    `)
    expect(recorder.tree()[0]).toMatchInlineSnapshot(`
      CLIENT GET (unset)
          server.port: (port)
          url.full: "http://127.0.0.1:(port)/a"
    `)
  })
})
