import { type Context, createContextKey, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base'
import * as fc from 'fast-check'

import { areCollected } from '@spanwright/test-kit'
import { contextWithSpan, contextWithValue } from '../src/operation/lean-context.ts'

const KEYS = [createContextKey('a'), createContextKey('b'), createContextKey('c')] as const
const SPANS = [span(1), span(2), span(3)] as const

function span(id: number): Span {
  return trace.wrapSpanContext({
    traceId: `${id}`.padStart(32, '0'),
    spanId: `${id}`.padStart(16, '0'),
    traceFlags: 1,
  })
}

/** Derives a context from another, with the API only and with ours: both must behave the same. */
type Step = (context: Context, isLean: boolean) => Context

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.constantFrom(...SPANS).map(
    (active): Step =>
      (context, isLean) =>
        isLean ? contextWithSpan(context, active) : trace.setSpan(context, active),
  ),
  fc.tuple(fc.constantFrom(...KEYS), fc.integer()).map(
    ([key, value]): Step =>
      (context, isLean) =>
        isLean ? contextWithValue(context, key, value) : context.setValue(key, value),
  ),
  fc.tuple(fc.constantFrom(...KEYS), fc.option(fc.integer(), { nil: undefined })).map(
    ([key, value]): Step =>
      context =>
        context.setValue(key, value),
  ),
  fc.constantFrom(...SPANS).map(
    (active): Step =>
      context =>
        trace.setSpan(context, active),
  ),
  fc.constantFrom(...KEYS).map(
    (key): Step =>
      context =>
        context.deleteValue(key),
  ),
  fc.constant<Step>(context => trace.deleteSpan(context)),
)

function contentOf(context: Context): unknown[] {
  return [trace.getSpan(context), trace.getSpanContext(context), ...KEYS.map(key => context.getValue(key))]
}

describe('a lean context', () => {
  it('holds the same values as a context of the API, whatever is derived from it', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), steps => {
        let [lean, plain] = [ROOT_CONTEXT, ROOT_CONTEXT]
        for (const make of steps) {
          const before = contentOf(lean)
          const [nextLean, nextPlain] = [make(lean, true), make(plain, false)]
          expect(contentOf(nextLean)).toEqual(contentOf(nextPlain))
          // The original is unchanged.
          expect(contentOf(lean)).toEqual(before)
          ;[lean, plain] = [nextLean, nextPlain]
        }
      }),
    )
  })

  it('does not form a chain, however often one is derived from the last', () => {
    let context = contextWithSpan(ROOT_CONTEXT, span(1))
    for (let i = 0; i < 20_000; i++) {
      const [key, , otherKey] = KEYS
      const [active, other] = SPANS
      context = contextWithSpan(contextWithValue(context, key, i), active)
      context = contextWithSpan(context.setValue(otherKey, i), other)
    }
    // A chain of that length would overflow the stack.
    expect(contentOf(context).slice(2)).toEqual([19_999, undefined, 19_999])
    expect(context.getValue(createContextKey('unknown'))).toBeUndefined()
  })

  it('retains only its own span', async () => {
    const provider = new BasicTracerProvider()
    const tracer = provider.getTracer('test')
    const start = (): Span => tracer.startSpan('outer', { root: true })
    const makers = [
      (outer: Span) => contextWithSpan(trace.setSpan(ROOT_CONTEXT, outer), span(1)),
      (outer: Span) => contextWithSpan(contextWithSpan(ROOT_CONTEXT, outer), span(1)),
      (outer: Span) =>
        contextWithSpan(contextWithValue(trace.setSpan(ROOT_CONTEXT, outer), KEYS[0], 1), span(1)),
      (outer: Span) => trace.deleteSpan(contextWithSpan(ROOT_CONTEXT, outer)),
    ]
    // Not in a loop of this function: while it waits, it retains the last values of its variables.
    const made = makers.map(make => {
      const outer = start()
      return { context: make(outer), reference: new WeakRef(outer) }
    })

    expect(await areCollected(made.map(({ reference }) => reference))).toBe(true)
    expect(made.map(({ context }) => trace.getSpanContext(context)?.spanId)).toEqual([
      ...Array.from({ length: 3 }, () => '1'.padStart(16, '0')),
      undefined,
    ])
  })

  it("leaves another implementation's context alone", () => {
    const foreign: Context = {
      ...ROOT_CONTEXT,
      setValue: () => foreign,
      getValue: () => 'foreign',
    }

    expect(contextWithSpan(foreign, span(1))).toBe(foreign)
    expect(contextWithValue(foreign, KEYS[0], 1)).toBe(foreign)
  })
})
