import { describe, expect, it } from '@jest/globals'
import {
  baggageEntryMetadataFromString,
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  ROOT_CONTEXT,
  type TextMapPropagator,
} from '@opentelemetry/api'
import { suppressTracing, W3CBaggagePropagator } from '@opentelemetry/core'
import * as fc from 'fast-check'

import { BaggagePropagator } from '../src/propagation/baggage.ts'

const OURS = new BaggagePropagator()
const THEIRS = new W3CBaggagePropagator()

function entriesOf(propagator: TextMapPropagator, header: string | string[]): unknown {
  const context = propagator.extract(ROOT_CONTEXT, { baggage: header }, defaultTextMapGetter)
  return propagation
    .getBaggage(context)
    ?.getAllEntries()
    .map(([key, { value, metadata }]) => [key, value, metadata?.toString()])
}

function headerOf(
  propagator: TextMapPropagator,
  entries: readonly (readonly [string, string, string?])[],
): unknown {
  const baggage = propagation.createBaggage(
    Object.fromEntries(
      entries.map(([key, value, metadata]) => [
        key,
        { value, ...(metadata && { metadata: baggageEntryMetadataFromString(metadata) }) },
      ]),
    ),
  )
  const carrier: Record<string, unknown> = {}
  propagator.inject(propagation.setBaggage(ROOT_CONTEXT, baggage), carrier, defaultTextMapSetter)
  return carrier['baggage']
}

const aMember = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc
    .tuple(
      fc.constantFrom('a', ' b', 'c ', '%20', '%zz', ''),
      fc.constantFrom('=', '==', ''),
      fc.string({ maxLength: 9 }),
    )
    .map(parts => parts.join('')),
  fc.integer({ min: 4000, max: 4200 }).map(length => `long=${'x'.repeat(length)}`),
  fc.string({ maxLength: 9 }).map(text => `key=value;property=${text}`),
)

describe('baggage', () => {
  it('is read from a header as OpenTelemetry reads it, within its limits', () => {
    fc.assert(
      fc.property(fc.array(aMember, { maxLength: 8 }), members => {
        const header = members.join(',')
        expect(entriesOf(OURS, header)).toEqual(entriesOf(THEIRS, header))
      }),
    )
    const many = Array.from({ length: 300 }, (_item, index) => `k${index}=v`).join(',')
    expect(entriesOf(OURS, many)).toEqual(entriesOf(THEIRS, many))
    expect(entriesOf(OURS, many)).toHaveLength(180)
    expect(entriesOf(OURS, ['a=1', 'b=2'])).toEqual([
      ['a', '1', undefined],
      ['b', '2', undefined],
    ])
  })

  it('is written to a header as OpenTelemetry writes it, within its limits', () => {
    const aText = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.constant('x'.repeat(3000)))
    fc.assert(
      fc.property(
        fc.array(fc.tuple(aText, aText, fc.constantFrom('', 'property=1')), { maxLength: 6 }),
        entries => {
          expect(headerOf(OURS, entries)).toBe(headerOf(THEIRS, entries))
        },
      ),
    )
    const many = Array.from({ length: 300 }, (_item, index) => [`k${index}`, 'v'] as const)
    expect(headerOf(OURS, many)).toBe(headerOf(THEIRS, many))
  })

  it('omits an entry that cannot be encoded, and is not written while tracing is suppressed', () => {
    expect(
      headerOf(OURS, [
        ['half', '\ud83e'],
        ['a', '1'],
      ]),
    ).toBe('a=1')
    const baggage = propagation.createBaggage({ a: { value: '1' } })
    const carrier = {}
    OURS.inject(suppressTracing(propagation.setBaggage(ROOT_CONTEXT, baggage)), carrier, defaultTextMapSetter)
    expect(carrier).toEqual({})
  })
})
