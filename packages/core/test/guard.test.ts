import { setImmediate } from 'node:timers/promises'
import { runInNewContext } from 'node:vm'

import { type Attributes, diag, type DiagLogger, DiagLogLevel } from '@opentelemetry/api'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { collectDiag, type CollectedDiag } from '@spanwright/test-kit'

import {
  addFromHook,
  attempt,
  callHook,
  guarded,
  guardMethods,
  isThenable,
  reportFailure,
} from '../src/host/guard.ts'

let diagnostics: CollectedDiag
beforeEach(() => {
  diagnostics = collectDiag('error')
})
afterEach(() => diagnostics.stop())

const fault = new Error('no')

describe('a hook', () => {
  it('receives its arguments, and its result is returned', () => {
    expect(callHook('sum', (a: number, b: number) => a + b, 1, 2)).toBe(3)
    expect(diagnostics.calls).toEqual([])
  })

  it('returns undefined when it throws, which is reported', () => {
    const breaking = (): number => {
      throw fault
    }
    expect(callHook('sum', breaking)).toBeUndefined()
    expect(diagnostics.calls).toEqual([['spanwright: hook sum failed', fault]])
  })

  it('returns undefined when it is async, and a rejection is reported once', async () => {
    expect(callHook('later', () => Promise.resolve(3))).toBeUndefined()
    expect(callHook('later', () => Promise.reject(fault))).toBeUndefined()
    await setImmediate()
    expect(diagnostics.calls).toEqual([['spanwright: hook later failed', fault]])
  })

  it('adds the attributes it returns', () => {
    const attributes: Attributes = { a: 1, b: 1 }
    addFromHook(attributes, 'attributes', (b: number) => ({ b }), 2)
    expect(attributes).toEqual({ a: 1, b: 2 })
  })

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a string', 'abc'],
    ['a number', 5],
  ])('adds nothing when it answers with %s', (_, answer) => {
    const attributes: Attributes = { a: 1 }
    addFromHook(attributes, 'attributes', () => answer as never)
    expect(attributes).toEqual({ a: 1 })
    expect(diagnostics.calls).toEqual([])
  })
})

describe('a report', () => {
  it('goes to diag, and errors of diag are caught', () => {
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
    // oxlint-disable-next-line unicorn/no-thenable -- under test
    ['an object with then()', { then() {} }, true],
    // oxlint-disable-next-line unicorn/no-thenable -- under test
    ['a function with then()', Object.assign(() => {}, { then() {} }), true],
    // oxlint-disable-next-line unicorn/no-thenable -- under test
    ['an object with a then that is no function', { then: 1 }, false],
    ['null', null, false],
    ['undefined', undefined, false],
    ['a string', 'then', false],
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

describe('work of telemetry', () => {
  const breaking = (): never => {
    throw fault
  }

  it('is attempted, and its failure reported', () => {
    expect(attempt('adding', (a: number, b: number) => a + b, 1, 2)).toBe(3)
    expect(attempt('adding', breaking)).toBeUndefined()
    expect(diagnostics.calls).toEqual([['spanwright: adding failed', fault]])
  })

  it('is guarded for a listener, which keeps its arguments and this', () => {
    const counter = {
      count: 1,
      add: guarded('counting', function (this: { count: number }, by: number) {
        return (this.count += by)
      }),
    }
    expect(counter.add(2)).toBe(3)
    expect(guarded('counting', breaking)()).toBeUndefined()
    expect(diagnostics.calls).toEqual([['spanwright: counting failed', fault]])
  })

  it('is guarded in the methods of a class', () => {
    class Counter {
      count = 1
      add(by: number): void {
        if (by < 0) throw fault
        this.count += by
      }
    }
    guardMethods('counting', Counter, 'add')
    const counter = new Counter()
    counter.add(2)
    counter.add(-1)
    expect(counter.count).toBe(3)
    expect(Object.keys(Counter.prototype)).toEqual([])
    expect(diagnostics.calls).toEqual([['spanwright: counting failed', fault]])
  })
})

describe('the reports of one cause', () => {
  beforeEach(() => void jest.useFakeTimers())
  afterEach(() => void jest.useRealTimers())

  const sayAgain = (times: number, error: unknown = fault): void => {
    for (let i = 0; i < times; i++) reportFailure('hook onStart', error)
  }

  it('is complete the first time, then at most one a minute, with the number of repetitions', () => {
    sayAgain(1000)
    expect(diagnostics.calls).toEqual([['spanwright: hook onStart failed', fault]])
    jest.advanceTimersByTime(60_000)
    sayAgain(3)
    jest.advanceTimersByTime(59_999)
    sayAgain(1)
    jest.advanceTimersByTime(1)
    sayAgain(1)
    jest.advanceTimersByTime(60_000)
    sayAgain(1)
    expect(diagnostics.calls.slice(1)).toEqual([
      ['spanwright: hook onStart failed (999 more times since the last report)', fault],
      ['spanwright: hook onStart failed (3 more times since the last report)', fault],
      ['spanwright: hook onStart failed', fault],
    ])
  })

  it('is counted separately from others, and by class of error', () => {
    const other = new TypeError('no')
    sayAgain(2)
    sayAgain(2, other)
    reportFailure('hook onEnd', fault)
    expect(diagnostics.calls).toEqual([
      ['spanwright: hook onStart failed', fault],
      ['spanwright: hook onStart failed', other],
      ['spanwright: hook onEnd failed', fault],
    ])
  })

  it('is complete for a logger that was registered later', () => {
    sayAgain(1)
    diagnostics.stop()
    sayAgain(1)
    diagnostics = collectDiag('error')
    sayAgain(2)
    expect(diagnostics.calls).toEqual([['spanwright: hook onStart failed', fault]])
  })

  it('uses memory for at most a hundred causes within a minute', () => {
    for (let i = 0; i < 1000; i++) reportFailure(`hook ${i}`, fault)
    expect(diagnostics.calls).toHaveLength(100)
    expect(diagnostics.calls.at(-1)).toEqual(['spanwright: hook 99 failed', fault])
    jest.advanceTimersByTime(60_000)
    reportFailure('hook 5000', fault)
    expect(diagnostics.calls.at(-1)).toEqual(['spanwright: hook 5000 failed', fault])
  })

  it('starts no timer', () => {
    sayAgain(2)
    expect(jest.getTimerCount()).toBe(0)
  })
})
