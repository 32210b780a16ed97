import { describe, expect, it } from '@jest/globals'
import { collectDiag } from '@spanwright/test-kit'
import { recordTests } from '@spanwright/test-kit/recorder'
import { context, propagation, TraceFlags } from '@opentelemetry/api'

import { linkTo, withSpan } from '@spanwright/core'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'
const HEADER = `00-${TRACE}-${SPAN}-01`
const ORIGIN = { traceId: TRACE, spanId: SPAN, traceFlags: TraceFlags.SAMPLED }

const recorder = recordTests()

describe('linkTo()', () => {
  it.each<[what: string, origin: object]>([
    ['headers of a request', { traceparent: HEADER, host: 'example.org' }],
    ['capitalised headers', { Traceparent: HEADER }],
    ['a list with one value', { traceparent: [HEADER] }],
    ['bytes', { traceparent: Buffer.from(HEADER) }],
    ['a list of bytes', { traceparent: [new TextEncoder().encode(HEADER)] }],
    ['a Map', new Map([['traceparent', HEADER]])],
    ['Headers', new Headers({ traceparent: HEADER })],
    ['a record without a prototype', Object.assign(Object.create(null) as object, { traceparent: HEADER })],
  ])('reads %s', (_what, origin) => {
    expect(linkTo(Object.freeze(origin))).toMatchObject({ context: ORIGIN })
  })

  it('makes the links of a batch, whatever is active, and leaves out what has no trace', () => {
    const records = Object.freeze([{}, {}].map(record => Object.freeze(record)))
    const jobs = ['first', 'second'].map(name => {
      const job: Record<string, string> = {}
      withSpan(name, () => propagation.inject(context.active(), job))
      return job
    })
    withSpan('batch', () => 1, {
      links: [...jobs, ...records].map((job, index) => linkTo(job, { 'test.index': index })),
    })

    const [first, second, batch] = recorder.spans()
    expect(batch?.parentSpanContext).toBeUndefined()
    expect(batch?.links).toMatchObject([
      { context: { traceId: first?.spanContext().traceId }, attributes: { 'test.index': 0 } },
      {
        context: { spanId: second?.spanContext().spanId, isRemote: true },
        attributes: { 'test.index': 1 },
      },
    ])
  })

  it('does not use the active span as the origin', () => {
    expect(withSpan('active', () => linkTo({}))).toBeUndefined()
  })

  it('links to a span of this process', () => {
    const origin = withSpan('origin', span => span)
    withSpan('retry', () => 1, { links: [linkTo(origin)] })

    expect(recorder.find({ name: 'retry' })?.links).toMatchObject([{ context: origin.spanContext() }])
  })

  it('copies the given attributes', () => {
    const attributes = { 'test.index': 0 }
    const link = linkTo({ traceparent: HEADER }, attributes)
    attributes['test.index'] = 1
    expect(link).toMatchObject({ attributes: { 'test.index': 0 } })
  })

  it.each<[what: string, origin: unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a string', HEADER],
    ['no field', {}],
    ['something else in the field', { traceparent: 5 }],
    ['a header that is none', { traceparent: 'nonsense' }],
    [
      'a span that never was',
      { spanContext: () => ({ traceId: '0'.repeat(32), spanId: '', traceFlags: 0 }) },
    ],
  ])('has no link for %s', (_what, origin) => {
    const { calls: reports, stop } = collectDiag('error')
    expect(linkTo(origin as object)).toBeUndefined()
    stop()
    expect(reports).toEqual([])
  })

  it('never throws, whatever the origin does', () => {
    const { calls: reports, stop } = collectDiag('error')
    const fault = new Error('broken')
    const fail = (): never => {
      throw fault
    }
    expect(linkTo(Object.defineProperty({}, 'traceparent', { get: fail }))).toBeUndefined()
    expect(linkTo({ spanContext: fail })).toBeUndefined()
    stop()
    // The propagator itself says at another level that it could not read the first.
    expect(reports).toEqual([['spanwright: linking to another span failed', fault]])
  })
})
