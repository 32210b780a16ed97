import { propagation, SpanKind } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'
import request from 'supertest'

import { type ExpressTracingOptions, tracing } from '@spanwright/express'

import { NEWEST } from './versions.ts'

let recorder: SpanRecorder
beforeAll(() => {
  recorder = recordSpans({ global: true })
})
afterEach(() => recorder.reset())
afterAll(() => recorder.stop())

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const CALLER = 'b7ad6b7169203331'

describe.each(NEWEST)('the option parent in $name', ({ load }) => {
  const express = load()

  /** The span of a request that came with a context of its own, and the baggage its handler saw. */
  async function ask(
    parent: ExpressTracingOptions['parent'],
    flags = '01',
  ): Promise<[ReadableSpan, string | undefined]> {
    let baggage: string | undefined
    const app = express().use(tracing({ parent }))
    app.get('/x', (_req, res) => {
      baggage = propagation.getActiveBaggage()?.getEntry('tenant')?.value
      res.send('ok')
    })
    await request(app)
      .get('/x')
      .set('traceparent', `00-${TRACE}-${CALLER}-${flags}`)
      .set('baggage', 'tenant=blue')
    return [await recorder.waitFor({ kind: SpanKind.SERVER }), baggage]
  }

  it("'trust' continues the caller's trace", async () => {
    const [span, baggage] = await ask('trust')

    expect(span.parentSpanContext).toMatchObject({ traceId: TRACE, spanId: CALLER, isRemote: true })
    expect(span.links).toEqual([])
    expect(baggage).toBe('blue')
  })

  it("'link' starts a trace of its own that is linked to the caller's, sampled or not", async () => {
    const [span, baggage] = await ask('link', '00')

    expect(span.parentSpanContext).toBeUndefined()
    expect(span.spanContext().traceId).not.toBe(TRACE)
    expect(span.links.map(({ context }) => [context.traceId, context.spanId])).toEqual([[TRACE, CALLER]])
    expect(baggage).toBeUndefined()
  })

  it("'ignore' starts a trace of its own", async () => {
    const [span, baggage] = await ask('ignore', '00')

    expect(span.parentSpanContext).toBeUndefined()
    expect(span.spanContext().traceId).not.toBe(TRACE)
    expect(span.links).toEqual([])
    expect(baggage).toBeUndefined()
  })

  it('may be decided by each request', async () => {
    const [span] = await ask(req => (req.path === '/x' ? 'link' : 'trust'))

    expect(span.links).toHaveLength(1)
  })

  it('trusts nobody when its function fails or answers with something else', async () => {
    const [span] = await ask(() => {
      throw new Error('broken')
    })
    expect(span.parentSpanContext).toBeUndefined()
    await recorder.reset()
    const [other] = await ask((() => 'yes') as never)
    expect(other.parentSpanContext).toBeUndefined()
  })

  it('makes no link when nothing came', async () => {
    const app = express().use(tracing({ parent: 'link' }))
    await request(app).get('/x')

    expect((await recorder.waitFor({ kind: SpanKind.SERVER })).links).toEqual([])
  })

  it('with requireParent, traces only inside a trace', async () => {
    const app = express().use(tracing({ requireParent: true }))
    app.get('/x', (_req, res) => void res.send('ok'))
    await request(app).get('/x').expect(200)
    await request(app).get('/x').set('traceparent', `00-${TRACE}-${CALLER}-01`)
    await recorder.waitFor({ kind: SpanKind.SERVER })

    expect(recorder.spans()).toHaveLength(1)
  })

  it('refuses what it does not know', () => {
    expect(() => tracing({ parent: 'never' as never })).toThrow(
      "tracing(): option parent must be 'trust', 'link', 'ignore', or a function; got 'never'",
    )
  })
})
