import { setImmediate } from 'node:timers/promises'
import { runInNewContext } from 'node:vm'

import { type Attributes, diag, type DiagLogger, DiagLogLevel } from '@opentelemetry/api'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { addFromHook, callHook, isThenable, reportFailure } from '../src/host/guard.ts'

import { collectReports } from './job.ts'

let diagnostics: ReturnType<typeof collectReports>
beforeEach(() => {
  diagnostics = collectReports()
})
afterEach(() => diagnostics.stop())

const fault = new Error('no')

describe('a hook', () => {
  it('is given its arguments, and its answer comes back', () => {
    expect(callHook('sum', (a: number, b: number) => a + b, 1, 2)).toBe(3)
    expect(diagnostics.reports).toEqual([])
  })

  it('gives no answer when it throws, which is reported', () => {
    const breaking = (): number => {
      throw fault
    }
    expect(callHook('sum', breaking)).toBeUndefined()
    expect(diagnostics.reports).toEqual([['spanwright: hook sum failed', fault]])
  })

  it('gives no answer when it is async, and a rejection is reported once', async () => {
    expect(callHook('later', () => Promise.resolve(3))).toBeUndefined()
    expect(callHook('later', () => Promise.reject(fault))).toBeUndefined()
    await setImmediate()
    expect(diagnostics.reports).toEqual([['spanwright: hook later failed', fault]])
  })

  it('adds the attributes it answers with', () => {
    const attributes: Attributes = { a: 1, b: 1 }
    addFromHook(attributes, 'attributes', (b: number) => ({ b }), 2)
    expect(attributes).toEqual({ a: 1, b: 2 })
  })

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'abc'],
    ['a number', 5],
  ])('adds nothing when it answers with %s', (_, answer) => {
    const attributes: Attributes = { a: 1 }
    addFromHook(attributes, 'attributes', () => answer as never)
    expect(attributes).toEqual({ a: 1 })
    expect(diagnostics.reports).toEqual([])
  })
})

describe('a report', () => {
  it('goes to diag and does not come back when diag throws', () => {
    const breaking = new Proxy({} as DiagLogger, {
      get: () => () => {
        throw fault
      },
    })
    diag.setLogger(breaking, { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true })
    expect(() => reportFailure('everything', fault)).not.toThrow()
  })
})

describe('a thenable', () => {
  it.each([
    ['a promise', Promise.resolve(), true],
    ['a promise of another realm', runInNewContext('Promise.resolve()'), true],
    // oxlint-disable-next-line unicorn/no-thenable -- what is asked for
    ['an object with then()', { then() {} }, true],
    // oxlint-disable-next-line unicorn/no-thenable -- what is asked for
    ['a function with then()', Object.assign(() => {}, { then() {} }), true],
    // oxlint-disable-next-line unicorn/no-thenable -- what is asked for
    ['an object with a then that is no function', { then: 1 }, false],
    ['null', null, false],
    ['undefined', undefined, false],
    ['a text', 'then', false],
    [
      'an object that cannot be asked',
      new Proxy(
        {},
        {
          get() {
            throw fault
          },
        },
      ),
      false,
    ],
  ])('%s: %#', (_, value, expected) => {
    expect(isThenable(value)).toBe(expected)
  })
})
