import { describe, expect, it } from '@jest/globals'
import { type Attributes, ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'

import { bearerTokens, cardNumbers, emailAddresses, type Redaction, startTracing } from '../src/index.ts'
import { collect } from './collector.ts'

const CONTEXT = { traceId: '1'.repeat(32), spanId: '1'.repeat(16), traceFlags: 1 }

async function exportSpan(
  redact: readonly Redaction[],
  attributes: Attributes,
): Promise<ReadableSpan | undefined> {
  const { exporter, spans } = collect()
  const tracing = startTracing({ exporter, redact, flushOnExit: false })
  const span = trace
    .getTracer('test')
    .startSpan('one', { attributes, links: [{ context: CONTEXT, attributes }] }, ROOT_CONTEXT)
  span.addEvent('event', attributes)
  span.setStatus({ code: SpanStatusCode.ERROR, message: `refused ada@example.org` })
  span.end()
  await tracing.shutdown()
  return spans[0]
}

describe('redact', () => {
  it('takes keys and patterns out of attributes, events, links and the status', async () => {
    const given = {
      'user.email': 'ada@example.org',
      'http.request.header.cookie': ['a', 'b'],
      'http.request.method': 'GET',
      note: 'mail ada@example.org or bob@example.org',
      list: ['x', 'eve@example.org'],
      count: 3,
    }
    const span = await exportSpan(['user.email', 'http.request.header.*', emailAddresses], given)
    const expected = {
      'user.email': '[redacted]',
      'http.request.header.cookie': '[redacted]',
      'http.request.method': 'GET',
      note: 'mail [redacted] or [redacted]',
      list: ['x', '[redacted]'],
      count: 3,
    }
    expect(span?.attributes).toEqual(expected)
    expect(span?.events[0]?.attributes).toEqual(expected)
    expect(span?.links[0]?.attributes).toEqual(expected)
    expect(span?.status.message).toBe('refused [redacted]')
    expect(given['user.email']).toBe('ada@example.org')
  })

  it.each([
    [cardNumbers, 'paid with 4111 1111 1111 1111 today', 'paid with [redacted] today'],
    [cardNumbers, '4111-1111-1111-1111', '[redacted]'],
    [cardNumbers, 'order 12345678', 'order 12345678'],
    [bearerTokens, 'Authorization: Bearer abc.def-123==', 'Authorization: [redacted]'],
    [bearerTokens, 'token eyJhbGciOi.eyJzdWIi.c2ln', 'token [redacted]'],
    [emailAddresses, 'first.last+tag@mail.example.co.uk!', '[redacted]!'],
    [/secret-\d+/, 'secret-1 and secret-2', '[redacted] and [redacted]'],
    ['a.*.c', 'stays', 'stays'],
  ])('by %s makes %j to %j', async (redaction, text, expected) => {
    expect((await exportSpan([redaction], { text }))?.attributes).toEqual({ text: expected })
  })

  it('is quick with texts made to be slow', async () => {
    const started = performance.now()
    const attacks = {
      a: 'a@'.repeat(2000),
      b: `eyJ${'a.'.repeat(2000)}`,
      c: '1 '.repeat(2000),
      d: 'a'.repeat(4000),
    }
    await exportSpan([cardNumbers, bearerTokens, emailAddresses], attacks)
    expect(performance.now() - started).toBeLessThan(1000)
  })

  it('exports the span itself where nothing is to be taken out', async () => {
    const span = await exportSpan(['other'], { text: 'harmless' })
    expect(span?.constructor.name).toBe('RecordingSpan')
  })
})
