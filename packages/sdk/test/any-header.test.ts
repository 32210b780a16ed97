import {
  defaultTextMapGetter,
  defaultTextMapSetter,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  type SpanContext,
  type TextMapPropagator,
  trace,
} from '@opentelemetry/api'
import { W3CBaggagePropagator } from '@opentelemetry/core'
import { describe, expect, it } from '@jest/globals'
import { corpus } from '@spanwright/test-kit/corpus'
import * as fc from 'fast-check'

import { B3Propagator } from '../src/propagation/b3.ts'
import { BaggagePropagator } from '../src/propagation/baggage.ts'
import { JaegerPropagator } from '../src/propagation/jaeger.ts'
import { TraceContextPropagator } from '../src/propagation/trace-context.ts'
import { readTraceState } from '../src/propagation/trace-state.ts'

type Headers = Record<string, string>

const W3C = new TraceContextPropagator()
const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'

function contextOf(propagator: TextMapPropagator, headers: Headers): SpanContext | undefined {
  return trace.getSpanContext(propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter))
}

function sentOn(propagator: TextMapPropagator, headers: Headers): Headers {
  const sent: Headers = {}
  const context = propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter)
  propagator.inject(context, sent, defaultTextMapSetter)
  return sent
}

/** Checks a property of every text of a corpus, and of texts like them. */
function forAny(name: string, check: (text: string) => void): void {
  const { examples, like } = corpus(name)
  fc.assert(fc.property(like, check), { examples, numRuns: 300 })
}

/** The grammar of W3C Trace Context, level 2, section 3.2. */
const TRACEPARENT = /^[ \t]*(?!ff)([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/s

describe('any header', () => {
  it('traceparent is read as its grammar says', () => {
    forAny('traceparent', text => {
      const [, version, traceId = '', spanId = '', flags = '', more] =
        TRACEPARENT.exec(text.replace(/[ \t]+$/, '')) ?? []
      const traceFlags = Number.parseInt(flags, 16) & 3
      const expected: SpanContext = { traceId, spanId, traceFlags, isRemote: true }
      const isValid = isSpanContextValid(expected) && !(version === '00' && more !== undefined)
      expect(contextOf(W3C, { traceparent: text })).toEqual(isValid ? expected : undefined)
    })
  })

  it('tracestate is passed on as it came, without its blanks, or not at all', () => {
    const traceparent = `00-${TRACE}-${SPAN}-01`
    forAny('tracestate', text => {
      const members = text.split(',').map(part => part.replaceAll(/^[ \t]+|[ \t]+$/g, ''))
      const filled = members.filter(part => part !== '')
      const first = filled.filter(
        (part, index) => filled.findIndex(other => isSameKey(part, other)) === index,
      )
      const isValid = filled.length > 0 && filled.length <= 32 && filled.every(part => MEMBER.test(part))
      const { tracestate } = sentOn(W3C, { traceparent, tracestate: text })
      expect(tracestate).toBe(isValid ? first.join(',') : undefined)
      const list = readTraceState(text)
      for (const part of list ? first : []) {
        const [key = '', ...value] = part.split('=')
        expect(list?.get(key)).toBe(value.join('='))
        expect(list?.unset(key).get(key)).toBeUndefined()
        expect(list?.set(key, 'new').serialize()).toMatch(/^[^=]+=new(?:,|$)/)
      }
    })
  })

  it('baggage is read and written as by OpenTelemetry', () => {
    const [own, theirs] = [new BaggagePropagator(), new W3CBaggagePropagator()]
    const entriesOf = (propagator: TextMapPropagator, baggage: string): unknown =>
      propagation
        .getBaggage(propagator.extract(ROOT_CONTEXT, { baggage }, defaultTextMapGetter))
        ?.getAllEntries()
        .map(([key, { value, metadata }]) => [key, value, metadata?.toString()])
    forAny('baggage', text => {
      const { baggage } = sentOn(own, { baggage: text })
      expect(sentOn(own, baggage === undefined ? {} : { baggage })['baggage']).toBe(baggage)
      // OpenTelemetry takes line ends for blanks, loses this key, and throws for what cannot be encoded.
      if (/[^\S \t]|__proto__|%5f|\p{Surrogate}/iu.test(text)) return
      expect(entriesOf(own, text)).toEqual(entriesOf(theirs, text))
      expect(baggage).toBe(sentOn(theirs, { baggage: text })['baggage'])
    })
  })

  it.each([
    ['b3', new B3Propagator(), 'b3'],
    ['x-b3-traceid', new B3Propagator('multi'), 'b3'],
    ['uber-trace-id', new JaegerPropagator(), 'jaeger'],
  ])('%s gives no context, or one that is sent on unchanged', (name, propagator, kind) => {
    forAny(kind, text => {
      const [traceId = '', spanId = ''] = text.split('-')
      const headers: Headers =
        name === 'x-b3-traceid'
          ? { [name]: traceId, 'x-b3-spanid': spanId, 'x-b3-sampled': '1' }
          : { [name]: text }
      const context = contextOf(propagator, headers)
      if (!context) return
      expect(context).toEqual({
        traceId: expect.stringMatching(/^(?!0{32})[\da-f]{32}$/),
        spanId: expect.stringMatching(/^(?!0{16})[\da-f]{16}$/),
        traceFlags: expect.any(Number),
        isRemote: true,
      })
      expect(context.traceFlags & ~1).toBe(0)
      expect(contextOf(propagator, sentOn(propagator, headers))).toEqual(context)
    })
  })
})

/** The grammar of a member, section 3.3.1.3. */
const MEMBER = /^[a-z\d][a-z\d_\-*/@]{0,255}=[ -+\--<>-~]{0,255}[!-+\--<>-~]$/

function isSameKey(one: string, other: string): boolean {
  return one.split('=')[0] === other.split('=')[0]
}
