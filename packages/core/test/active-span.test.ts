import { describe, expect, it } from '@jest/globals'
import { collectDiag } from '@spanwright/test-kit'
import { recordTests } from '@spanwright/test-kit/recorder'
import { type Span, SpanStatusCode, trace } from '@opentelemetry/api'

import { addEvent, recordException, withSpan } from '@spanwright/core'

const recorder = recordTests()

describe('addEvent()', () => {
  it('adds an event to the active span, even after an await', async () => {
    const attributes = Object.freeze({ 'shop.key': 'a' })
    await withSpan('look up', async () => {
      addEvent('cache miss', attributes)
      await Promise.resolve()
      addEvent('asked again')
    })

    expect(recorder.spans()).toMatchObject([
      {
        name: 'look up',
        status: { code: SpanStatusCode.UNSET },
        events: [
          { name: 'cache miss', attributes },
          { name: 'asked again', attributes: {} },
        ],
      },
    ])
  })

  it('takes another span than the active one', () => {
    withSpan('outer', outer => withSpan('inner', () => addEvent('halfway', {}, outer)))

    expect(recorder.find({ name: 'outer' })?.events).toMatchObject([{ name: 'halfway' }])
    expect(recorder.find({ name: 'inner' })?.events).toEqual([])
  })
})

describe('recordException()', () => {
  it.each([
    [new RangeError('too many'), { 'exception.type': 'RangeError', 'exception.message': 'too many' }],
    [
      Object.assign(new Error('gone'), { name: 'PaymentError' }),
      { 'exception.type': 'PaymentError', 'exception.message': 'gone' },
    ],
    ['sold out', { 'exception.type': 'string', 'exception.message': 'sold out' }],
    [null, { 'exception.type': 'null', 'exception.message': 'null' }],
    [undefined, { 'exception.type': 'undefined', 'exception.message': 'undefined' }],
  ])('notes %p, and the span does not fail by it', (thrown, attributes) => {
    withSpan('pay', () => recordException(thrown))

    expect(recorder.spans()).toMatchObject([
      { status: { code: SpanStatusCode.UNSET }, attributes: {}, events: [{ name: 'exception', attributes }] },
    ])
  })

  it('keeps the stack of an error, and takes another span than the active one', () => {
    const error = new Error('no')
    const { stack } = error
    withSpan('outer', outer => withSpan('inner', () => recordException(error, outer)))

    expect(recorder.find({ name: 'outer' })?.events).toMatchObject([
      { attributes: { 'exception.stacktrace': stack } },
    ])
    expect(recorder.find({ name: 'inner' })?.events).toEqual([])
  })
})

describe.each<[name: string, note: (span?: Span) => void]>([
  ['addEvent()', span => addEvent('moment', {}, span)],
  ['recordException()', span => recordException(new Error('no'), span)],
])('%s', (_name, note) => {
  it('does nothing where no span is active, or one that has ended', () => {
    const { calls: reports, stop } = collectDiag('error')
    note()
    withSpan('before', () => 1)
    const ended = withSpan('ended', span => span)
    note(ended)
    stop()

    expect(recorder.spans().map(({ events }) => events)).toEqual([[], []])
    expect(reports).toEqual([])
  })

  it('never throws, whatever the span is', () => {
    const { calls: reports, stop } = collectDiag('error')
    const fault = new Error('broken')
    const broken = (): never => {
      throw fault
    }
    const span = trace.wrapSpanContext({ traceId: '', spanId: '', traceFlags: 0 })
    note(Object.assign(Object.create(span) as Span, { isRecording: broken }))
    note(
      Object.assign(Object.create(span) as Span, {
        isRecording: () => true,
        addEvent: broken,
        recordException: broken,
      }),
    )
    note(5 as unknown as Span)
    stop()

    expect(reports.map(([, cause]) => cause)).toEqual([fault, fault, expect.any(TypeError)])
  })
})
