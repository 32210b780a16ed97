import { describe, expect, it } from '@jest/globals'
import { type Context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import {
  BatchSpanProcessor,
  InMemorySpanExporter,
  type Span,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace'

import { alwaysOn } from '../../src/index.ts'
import { collectDiag } from '@spanwright/test-kit'
import { exportedBy, FORMS } from './exported.ts'

/** A processor with the given methods; the others do nothing. */
function processor(parts: Partial<SpanProcessor>): SpanProcessor {
  return {
    onStart: () => {},
    onEnd: () => {},
    forceFlush: async () => {},
    shutdown: async () => {},
    ...parts,
  }
}

function startSpan(name: string, attributes = {}, context: Context = ROOT_CONTEXT): ReturnType<typeof start> {
  return start(name, attributes, context)
}

function start(name: string, attributes: object, context: Context) {
  return trace.getTracer('test').startSpan(name, { attributes: { ...attributes } }, context)
}

describe.each(FORMS)('with an exporter of %s, a processor', form => {
  it('is called at the start, before the end and at the end, in the order of the array', async () => {
    const calls: string[] = []
    const naming = (which: string): SpanProcessor =>
      processor({
        onStart: span => void calls.push(`${which} start ${String(span.isRecording())}`),
        onEnding: span => void calls.push(`${which} ending ${String(span.ended)} ${span.endTime[0] > 0}`),
        onEnd: span => void calls.push(`${which} end ${String(span.ended)}`),
      })
    await exportedBy(form, { spanProcessors: [naming('first'), naming('second')] }, () =>
      startSpan('one').end(),
    )
    expect(calls).toEqual([
      'first start true',
      'second start true',
      'first ending false true',
      'second ending false true',
      'first end true',
      'second end true',
    ])
  })

  it('reads and writes the span until it is exported', async () => {
    let seen: object | undefined
    const spans = await exportedBy(
      form,
      {
        spanProcessors: [
          processor({
            onStart: (span, context) => {
              seen = { ...span.attributes }
              span.setAttribute(
                'started',
                propagation.getBaggage(context)?.getEntry('tenant')?.value ?? 'nobody',
              )
            },
            onEnding: span => {
              span.setAttribute('a', 2).updateName(`${span.name} renamed`)
            },
          }),
        ],
      },
      () => {
        const baggage = propagation.createBaggage({ tenant: { value: 'acme' } })
        const span = startSpan('one', { a: 1, b: ['x', 'y'] }, propagation.setBaggage(ROOT_CONTEXT, baggage))
        span.setAttribute('c', true)
        span.end()
      },
    )
    expect(seen).toEqual({ a: 1, b: ['x', 'y'] })
    expect(spans).toEqual([
      { name: 'one renamed', traceState: '', attributes: { a: 2, b: ['x', 'y'], started: 'acme', c: true } },
    ])
  })

  it.each<[how: string, write: (span: Span) => void]>([
    [
      'assigns the attributes',
      span => Object.assign(span, { attributes: { ...span.attributes, a: 2, secret: '-' } }),
    ],
    [
      'writes to the attributes',
      span => {
        span.attributes['a'] = 2
        span.attributes['secret'] = '-'
      },
    ],
  ])('%s, and that is what is exported', async (_how, write) => {
    const given = { a: 1, secret: 'x', gone: undefined }
    const spans = await exportedBy(
      form,
      {
        spanProcessors: [
          processor({ onEnding: span => write(span) }),
          processor({ onEnding: span => void span.setAttribute('late', 1) }),
          processor({ onEnd: span => void Object.assign(span, { name: 'assigned' }) }),
        ],
      },
      () => startSpan('one', given).end(),
    )
    expect(spans).toEqual([{ name: 'assigned', traceState: '', attributes: { a: 2, secret: '-', late: 1 } }])
    expect(given).toEqual({ a: 1, secret: 'x', gone: undefined })
  })

  it.each(['onStart', 'onEnding', 'onEnd'] as const)(
    'that throws in %s affects neither the app nor the next one',
    async hook => {
      const said = collectDiag()
      const calls: string[] = []
      const broken = (): never => {
        throw new Error(`broken ${hook}`)
      }
      const spans = await exportedBy(
        form,
        {
          spanProcessors: [processor({ [hook]: broken }), processor({ [hook]: () => void calls.push(hook) })],
        },
        () => startSpan('one').end(),
      )
      said.stop()
      expect(calls).toEqual([hook])
      expect(spans.map(({ name }) => name)).toEqual(['one'])
      expect(said.lines).toEqual([
        expect.stringContaining(`${hook} of a span processor failed Error: broken ${hook}`),
      ])
    },
  )

  it('of OpenTelemetry that exports later sees the complete span', async () => {
    const exporter = new InMemorySpanExporter()
    const batches = new BatchSpanProcessor({ exporter })
    await exportedBy(form, { spanProcessors: [batches] }, async tracing => {
      const span = startSpan('one', { a: 1 })
      span.addEvent('event', { b: 2 }).addLink({ context: span.spanContext() })
      span.end()
      await tracing.forceFlush()
      expect(exporter.getFinishedSpans()).toMatchObject([
        { name: 'one', ended: true, attributes: { a: 1 }, events: [{ name: 'event', attributes: { b: 2 } }] },
      ])
      expect(exporter.getFinishedSpans()[0]?.links).toHaveLength(1)
    })
  })

  it('sees spans that its sampler records without exporting them', async () => {
    const seen: string[] = []
    const recordOnly = { shouldSample: () => ({ decision: 1 }), toString: () => 'record' }
    const spans = await exportedBy(
      form,
      { sampler: recordOnly, spanProcessors: [processor({ onEnd: span => void seen.push(span.name) })] },
      tracing => {
        startSpan('one').end()
        expect(tracing.counts()).toMatchObject({ started: 1, unsampled: 0, ended: 1, sampledOut: 1 })
      },
    )
    expect(seen).toEqual(['one'])
    expect(spans).toEqual([])
  })
})

describe.each(FORMS)('with an exporter of %s,', form => {
  it('baggageAttributes are copied to every span below, but do not overwrite attributes of the span', async () => {
    const baggage = propagation.createBaggage({ 'tenant.id': { value: 'acme' }, other: { value: 'x' } })
    const context = propagation.setBaggage(ROOT_CONTEXT, baggage)
    const spans = await exportedBy(form, { baggageAttributes: ['tenant.id', 'missing'] }, () => {
      const outer = startSpan('a', { own: 1 }, context)
      startSpan('b', { 'tenant.id': 'mine' }, trace.setSpan(context, outer)).end()
      outer.end()
      startSpan('c').end()
    })
    expect(spans.map(({ attributes }) => attributes)).toEqual([
      { own: 1, 'tenant.id': 'acme' },
      { 'tenant.id': 'mine' },
      {},
    ])
  })

  it('keep and redact show the same spans', async () => {
    const spans = await exportedBy(form, { keep: { errors: true }, redact: ['secret', /\d{4}/] }, () => {
      const root = startSpan('root', { secret: 'x', text: 'pin 1234' })
      const context = trace.setSpan(ROOT_CONTEXT, root)
      startSpan('child', { secret: 'y', list: ['0000', 'z'] }, context)
        .setStatus({ code: 2 })
        .end()
      root.end()
      startSpan('late', { secret: 'z' }, context).end()
      startSpan('fine').end()
    })
    const traceState = 'ot=th:0'
    expect(spans).toEqual([
      { name: 'child', traceState, attributes: { secret: '[redacted]', list: ['[redacted]', 'z'] } },
      { name: 'late', traceState, attributes: { secret: '[redacted]' } },
      {
        name: 'root',
        traceState,
        attributes: { secret: '[redacted]', text: 'pin [redacted]', 'spanwright.keep.reason': 'error' },
      },
    ])
  })

  it('the threshold of a parent is not passed on by a sampler that does not follow it', async () => {
    const header = '00-12345678901234567890123456789012-1234567890123456-00'
    const spans = await exportedBy(form, { sampler: alwaysOn() }, () => {
      for (const [index, tracestate] of ['ot=th:8,foo=1', 'ot=th:8;rv:ffffffffffffff', 'foo=1'].entries()) {
        const parent = propagation.extract(ROOT_CONTEXT, { traceparent: header, tracestate })
        startSpan(String(index), {}, parent).end()
      }
    })
    expect(spans.map(({ traceState }) => traceState)).toEqual(['foo=1', 'ot=rv:ffffffffffffff', 'foo=1'])
  })
})
