import { describe, expect, it } from '@jest/globals'
import { collectDiag } from '@spanwright/test-kit'
import { recordTests } from '@spanwright/test-kit/recorder'
import { context, type Span, trace } from '@opentelemetry/api'

import { traceFields, traceMeta, withSpan } from '@spanwright/core'

recordTests()

/** The fields of a record within a span. */
function fieldsOf(span: Span, flags: string): object {
  const { traceId, spanId } = span.spanContext()
  return { trace_id: traceId, span_id: spanId, trace_flags: flags }
}

describe('traceFields()', () => {
  it('has no field outside a trace', () => {
    expect(traceFields()).toEqual({})
    expect(Object.keys(traceFields())).toEqual([])
  })

  it('names the active span, after an await and in a callback too', async () => {
    await withSpan('work', async span => {
      const expected = fieldsOf(span, '01')
      expect(traceFields()).toEqual(expected)
      await Promise.resolve()
      expect(traceFields()).toEqual(expected)
      expect(await new Promise(resolve => void setImmediate(() => resolve(traceFields())))).toEqual(expected)
      withSpan('within', inner => expect(traceFields()).toEqual(fieldsOf(inner, '01')))
      expect(traceFields()).toEqual(expected)
    })
  })

  it.each([
    [0, '00'],
    [1, '01'],
    [3, '03'],
    [255, 'ff'],
  ])('writes flags %i as %s', (traceFlags, written) => {
    const span = trace.wrapSpanContext({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags })
    context.with(trace.setSpan(context.active(), span), () => {
      expect(traceFields()).toEqual(fieldsOf(span, written))
    })
  })

  it('returns an object that the caller may change', () => {
    withSpan('work', () => {
      Object.assign(traceFields(), { trace_id: 'changed' })
      expect(traceFields().trace_id).toMatch(/^[0-9a-f]{32}$/)
    })
  })

  it.each<[what: string, spanContext: () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('broken')
      },
    ],
    ['has no flags', () => ({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) })],
  ])('never throws for a span that %s', (_what, spanContext) => {
    const { calls: reports, stop } = collectDiag('error')
    const broken = { spanContext } as unknown as Span
    expect(context.with(trace.setSpan(context.active(), broken), traceFields)).toEqual({})
    stop()
    expect(reports).toHaveLength(1)
  })
})

describe('traceMeta()', () => {
  it('shows the span that is active when it is copied, in addition to the given fields', () => {
    const given = Object.freeze({ service: 'shop' })
    const meta = traceMeta(given)

    withSpan('first', span => expect({ ...meta }).toEqual({ service: 'shop', ...fieldsOf(span, '01') }))
    withSpan('second', span => expect({ ...meta }).toEqual({ service: 'shop', ...fieldsOf(span, '01') }))
    expect(JSON.stringify(meta)).toBe('{"service":"shop"}')
    expect(Object.keys(given)).toEqual(['service'])
  })

  it('replaces what a record copied in another trace', () => {
    const record: { trace_id?: string } = {}
    withSpan('first', () => Object.assign(record, traceMeta()))
    expect(record.trace_id).toBeDefined()
    Object.assign(record, traceMeta())
    expect(record.trace_id).toBeUndefined()
  })
})
