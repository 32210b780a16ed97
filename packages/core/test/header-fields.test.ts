import { ROOT_CONTEXT, type TextMapPropagator, type TextMapSetter } from '@opentelemetry/api'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { collectDiag, type CollectedDiag } from '@spanwright/test-kit'

import { injectContext } from '@spanwright/core/plugin'
import { refusedFields } from '../src/doctor/diagnosis.ts'

import { jobSettings } from './job.ts'

let diagnostics: CollectedDiag
beforeEach(() => {
  diagnostics = collectDiag('error')
})
afterEach(() => diagnostics.stop())

type Write = (set: (name: string, value: string) => void, carrier: unknown) => void

/** What reaches a carrier of what a propagator does. */
function written(write: Write): [string, string][] {
  const propagator: TextMapPropagator = {
    inject: (_context, carrier, setter: TextMapSetter) =>
      write((name, value) => setter.set(carrier, name, value), carrier),
    extract: context => context,
    fields: () => [],
  }
  const carrier: [string, string][] = []
  injectContext(jobSettings({ propagator }), ROOT_CONTEXT, carrier, {
    set: (fields, name, value) => void fields.push([name, value]),
  })
  return carrier
}

describe('the fields of a propagator', () => {
  it('reach the carrier in the order in which they were written', () => {
    expect(
      written(set => {
        set('b3', '0')
        set('X-Trace', 'a b\tc~\x80ÿ')
        set("!#$%&'*+-.^_`|~", '')
      }),
    ).toEqual([
      ['b3', '0'],
      ['X-Trace', 'a b\tc~\x80ÿ'],
      ["!#$%&'*+-.^_`|~", ''],
    ])
  })

  it('replace an earlier one of the same name, as a chain of propagators expects', () => {
    expect(
      written(set => {
        set('traceparent', 'one')
        set('b3', '0')
        set('TraceParent', 'two')
      }),
    ).toEqual([
      ['traceparent', 'two'],
      ['b3', '0'],
    ])
  })

  it('leave room in the headers of a message', () => {
    const refused = refusedFields()
    expect(
      written(set => {
        set('traceparent', 'x'.repeat(55))
        set('tracestate', 'x'.repeat(512))
        set('baggage', 'x'.repeat(8192))
        set('baggage', 'y'.repeat(8192))
        for (let i = 0; i < 100; i++) set(`uberctx-${i}`, 'z'.repeat(500))
      }).map(([name, value]) => `${name} ${value[0]} ${value.length}`),
    ).toEqual([
      'traceparent x 55',
      'tracestate x 512',
      'baggage y 8192',
      'uberctx-0 z 500',
      'uberctx-1 z 500',
    ])
    expect(refusedFields()).toBe(refused + 98)
  })

  it('are omitted when they are written too late, or without the setter', () => {
    const refused = refusedFields()
    let late: (name: string, value: string) => void = () => undefined
    const fields = written((set, carrier) => {
      late = set
      Object.assign(carrier as object, { traceparent: 'past' })
    })
    late('traceparent', 'late')
    expect(fields).toEqual([])
    expect(refusedFields()).toBe(refused + 1)
  })

  it('are counted, and reported once for each cause, without their contents', () => {
    const refused = refusedFields()
    written(set => {
      for (let i = 0; i < 1000; i++) set('secret name', 'secret value')
    })
    expect(refusedFields()).toBe(refused + 1000)
    written(set => {
      for (let i = 0; i < 1000; i++) set('secret', 'secret\r\n')
    })
    expect(refusedFields()).toBe(refused + 2000)
    expect(diagnostics.calls).toEqual([
      ['spanwright: a field of a propagator was omitted: its name cannot be that of a header'],
      ['spanwright: a field of a propagator was omitted: its value cannot be that of a header'],
    ])
  })
})
