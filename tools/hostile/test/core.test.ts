import { setImmediate } from 'node:timers/promises'

import { propagation, type Span, trace } from '@opentelemetry/api'
import { afterEach, describe, expect, it } from '@jest/globals'
import { addEvent, linkTo, recordException, requestsInFlight, withSpan } from '@spanwright/core'

import { breaking, broken, everyFault, type HostileOptions } from './faults.ts'
import { testEveryFault } from './outcome.ts'

/** Runs work, in a span when it is traced. */
function within<T>(options: HostileOptions | undefined, work: () => T): T {
  return options ? withSpan('work', work, { tracerProvider: options.tracerProvider }) : work()
}

describe('withSpan()', () => {
  testEveryFault('work that returns', options => within(options, () => 'done'))
  testEveryFault('work that throws', options =>
    within(options, () => {
      throw Object.assign(new RangeError('too much'), { code: 'EFAR' })
    }),
  )
  testEveryFault('work that takes its time, in parts', options =>
    within(options, async () => {
      await setImmediate()
      const inner = within(options, async () => (await setImmediate(), 'inner'))
      if (options) {
        addEvent('half way')
        recordException(new Error('first try'))
        requestsInFlight()
      }
      return inner
    }),
  )
  testEveryFault('work that rejects', options =>
    within(options, () => Promise.reject(new RangeError('too much'))),
  )

  it.each([
    ['attributes', { attributes: new Proxy({}, { ownKeys: breaking }) }],
    ['links', { links: [broken as never, 5 as never] }],
    ['a parent', { parent: { getValue: () => 5, setValue: () => 5 } as never }],
  ])('runs the work whatever %s are', (_, options) => {
    expect(withSpan('work', () => 'done', options)).toBe('done')
  })
})

describe('linkTo()', () => {
  afterEach(() => propagation.disable())

  it.each(everyFault())('returns a link or undefined with $name', ({ options, active }) => {
    if (options.propagator) propagation.setGlobalPropagator(options.propagator)
    expect(() => linkTo({ traceparent: '00-1-2-3' })).not.toThrow()
    expect(() => linkTo(trace.getSpan(active) as Span)).not.toThrow()
    expect(linkTo(broken)).toBeUndefined()
  })
})
