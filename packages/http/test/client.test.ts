import { once } from 'node:events'
import { Agent, createServer } from 'node:http'

import { serve } from '@spanwright/http-servers'
import { context, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { withSpan } from '@spanwright/core'

import { traceAgent, traceHttp } from '@spanwright/http'

import { recorder } from './recorder.ts'
import {
  answerOk,
  attributesOf,
  bodyOf,
  BY_AGENT,
  BY_PROCESS,
  responseTo,
  send,
  UNSET,
  WAYS,
} from './ways.ts'

describe.each(WAYS)('a request traced by $way', ({ trace: traceBy }) => {
  it('has a span from the call to the end of the body, and its context is on the wire', async () => {
    let received: unknown
    await using server = await serve((req, res) => {
      received = req.headers['traceparent']
      res.end('ok')
    })
    using way = traceBy()
    const body = await withSpan('caller', async () => bodyOf(await responseTo(send(way, server).end())))

    expect(body).toBe('ok')
    const span = await recorder.waitFor('GET')
    const caller = await recorder.waitFor('caller')
    const { traceId, spanId } = span.spanContext()
    expect(received).toBe(`00-${traceId}-${spanId}-01`)
    expect(span.parentSpanContext?.spanId).toBe(caller.spanContext().spanId)
    expect(span.kind).toBe(SpanKind.CLIENT)
    expect(span.status).toEqual(UNSET)
    expect(span.attributes).toEqual(attributesOf(server))
    expect(span.events.map(({ name }) => name)).toEqual(['spanwright.response.headers'])
    expect(recorder.spans()).toHaveLength(2)
    const [metric] = await recorder.metrics()
    expect(metric?.descriptor.name).toBe('http.client.request.duration')
    expect(metric?.dataPoints).toHaveLength(1)
  })

  it('has its own span on a connection that is used again', async () => {
    await using server = await serve(answerOk)
    using way = traceBy()
    const parents: string[] = []
    for (const name of ['first', 'second']) {
      await withSpan(name, async span => {
        parents.push(span.spanContext().spanId)
        await bodyOf(await responseTo(send(way, server).end()))
      })
    }

    const sent = recorder.spans().filter(({ kind }) => kind === SpanKind.CLIENT)
    expect(sent.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual(parents)
    for (const { attributes } of sent) expect(attributes).toEqual(attributesOf(server))
  })

  it('redacts secrets in its URL, and is named by its template', async () => {
    await using server = await serve(answerOk)
    using way = traceBy({ urlTemplate: '/items/{id}' })
    await bodyOf(await responseTo(send(way, server, { path: '/items/7?a=1&sig=abc', auth: 'bob:pw' }).end()))

    const span = await recorder.waitFor('GET /items/{id}')
    expect(span.attributes).toEqual({
      ...attributesOf(server),
      'url.full': `${server.origin}/items/7?a=1&sig=REDACTED`,
      'url.template': '/items/{id}',
    })
  })

  it('has its own trace headers, or those of the caller', async () => {
    const received: unknown[] = []
    await using server = await serve((req, res) => {
      received.push(req.headers['traceparent'])
      res.end()
    })
    const own = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const headers = { TraceParent: own }
    for (const existingContext of ['keep', 'replace'] as const) {
      using way = traceBy({ existingContext })
      await bodyOf(await responseTo(send(way, server, { headers }).end()))
    }
    using way = traceBy({ propagateTo: ['example.com'] })
    await bodyOf(await responseTo(send(way, server).end()))

    const ids = recorder.spans().map(span => span.spanContext().spanId)
    expect(ids).toHaveLength(3)
    expect(received).toEqual([own, expect.stringContaining(ids[1] ?? '-'), undefined])
    expect(headers).toEqual({ TraceParent: own })
  })

  it('has a span and no context on the wire when headers are an array, or include Expect', async () => {
    const received: unknown[] = []
    await using server = await serve((req, res) => {
      received.push(req.headers['traceparent'])
      res.end()
    })
    using way = traceBy()
    const list = ['Host', 'shop.test', 'X-Id', '7']
    await bodyOf(await responseTo(send(way, server, { headers: list as never }).end()))
    await bodyOf(await responseTo(send(way, server, { headers: { expect: '100-continue' } }).end()))

    expect(received).toEqual([undefined, undefined])
    const spans = recorder.spans()
    expect(spans.map(({ attributes }) => attributes)).toEqual([attributesOf(server), attributesOf(server)])
    expect(list).toEqual(['Host', 'shop.test', 'X-Id', '7'])
  })

  it.each([404, 503])('is an error with the status code %i', async status => {
    await using server = await serve((_req, res) => res.writeHead(status).end('no'))
    using way = traceBy()
    await bodyOf(await responseTo(send(way, server).end()))

    const span = await recorder.waitFor('GET')
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR })
    expect(span.attributes).toEqual({
      ...attributesOf(server),
      'http.response.status_code': status,
      'error.type': String(status),
    })
  })

  it('records its stages when enabled', async () => {
    await using server = await serve(answerOk)
    using way = traceBy({ stages: true })
    await bodyOf(await responseTo(send(way, server, { host: 'localhost', family: 4 }).end()))

    const span = await recorder.waitFor('GET')
    expect(span.events.map(({ name }) => name)).toEqual([
      'spanwright.connect.start',
      'spanwright.dns.end',
      'spanwright.connect.end',
      'spanwright.request.start',
      'spanwright.request.end',
      'spanwright.response.start',
      'spanwright.response.headers',
    ])
  })

  it('has its first byte with an interim response', async () => {
    let finish: (() => void) | undefined
    await using server = await serve((_req, res) => {
      res.writeEarlyHints({ link: '</a.css>; rel=preload' })
      finish = () => res.end('ok')
    })
    using way = traceBy({ stages: true })
    const sent = send(way, server).end()
    await once(sent, 'information')
    const [open] = recorder.open()
    expect(open?.events.at(-1)?.name).toBe('spanwright.response.start')
    finish?.()
    await bodyOf(await responseTo(sent))

    const { events } = await recorder.waitFor('GET')
    expect(events.filter(({ name }) => name === 'spanwright.response.start')).toHaveLength(1)
  })

  it('keeps name, length and results of the methods of a request', async () => {
    await using server = await serve(answerOk)
    using way = traceBy()
    const sent = send(way, server)
    expect([sent.emit.name, sent.emit.length, sent.destroy.name, sent.destroy.length]).toEqual([
      'emit',
      1,
      'destroy',
      1,
    ])
    expect(sent.emit('nothing')).toBe(false)
    const res = await responseTo(sent.end())
    expect([res.push.name, res.push.length, res.destroy.name, res.destroy.length]).toEqual([
      'push',
      2,
      'destroy',
      2,
    ])
    expect(res.destroy()).toBe(res)
    expect(sent.destroy()).toBe(sent)
    await recorder.waitFor('GET')
  })

  it('is not traced when it is ignored, nor when another instrumentation traces it', async () => {
    await using server = await serve(answerOk)
    using way = traceBy({ ignore: ({ url }) => url.endsWith('/health') })
    await bodyOf(await responseTo(send(way, server, { path: '/health' }).end()))
    const other = trace.getTracer('other').startSpan('GET', { kind: SpanKind.CLIENT })
    const { traceId, spanId } = other.spanContext()
    await withActive(other, async () => {
      const headers = { traceparent: `00-${traceId}-${spanId}-01` }
      await bodyOf(await responseTo(send(way, server, { headers }).end()))
    })
    other.end()

    expect(recorder.spans().map(({ instrumentationScope: { name } }) => name)).toEqual(['other'])
    expect(recorder.open()).toEqual([])
  })
})

describe('a request that waits in the queue of its agent', () => {
  it('has its start on the wire after that', async () => {
    await using server = await serve((_, res) => void setTimeout(() => res.end('ok'), 20))
    using way = BY_AGENT.trace({ stages: true })
    way.agent!.maxSockets = 1
    const bodies = [1, 2].map(async () => bodyOf(await responseTo(send(way, server).end())))
    expect(await Promise.all(bodies)).toEqual(['ok', 'ok'])

    await recorder.waitFor(() => recorder.spans().length === 2)
    const [first, second] = recorder.spans()
    const at = (span: typeof first, name: string): bigint => {
      const [seconds, nanoseconds] = span?.events.find(event => event.name === name)?.time ?? [0, 0]
      return BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds)
    }
    const answered = at(first, 'spanwright.response.headers')
    expect(answered).toBeGreaterThan(0n)
    // The clocks of two spans differ by up to a millisecond each.
    expect(at(second, 'spanwright.request.start')).toBeGreaterThanOrEqual(answered - 2_000_000n)
  })
})

describe('both ways together', () => {
  it('create one span for a request', async () => {
    await using server = await serve(answerOk)
    using byAgent = BY_AGENT.trace()
    using _ = BY_PROCESS.trace()
    traceAgent(byAgent.agent!)
    await bodyOf(await responseTo(send(byAgent, server).end()))

    expect(recorder.spans()).toHaveLength(1)
    expect(recorder.open()).toEqual([])
  })

  it('trace nothing any more when they are stopped', async () => {
    await using server = await serve(answerOk)
    const tracing = traceHttp()
    tracing.stop()
    tracing.stop()
    await bodyOf(
      await responseTo(send({ agent: undefined, [Symbol.dispose]: () => undefined }, server).end()),
    )

    expect(recorder.spans()).toEqual([])
  })
})

describe('what is given to the entry points', () => {
  it.each([undefined, 7, {}, createServer()])('is refused when it is not an agent: %#', given => {
    expect(() => traceAgent(given as never)).toThrow(TypeError)
    expect(() => traceAgent(given as never)).toThrow(
      /^traceAgent\(\): expected an agent of node:http or node:https/,
    )
  })

  it('is refused when it is not an option', () => {
    expect(() => traceHttp({ propagate: true } as never)).toThrow(
      /^traceHttp\(\): unknown option 'propagate'/,
    )
    expect(() => traceAgent(new Agent(), { stages: 1 } as never)).toThrow(
      'traceAgent(): option stages must be true or false; got 1',
    )
  })
})

function withActive<T>(span: Span, work: () => T): T {
  return context.with(trace.setSpan(context.active(), span), work)
}
