import { EventEmitter, once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'

import { describe, expect, it } from '@jest/globals'
import { type ContextManager, createContextKey, ROOT_CONTEXT } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'

import { StorageContextManager } from '../src/context/manager.ts'

const KEY = createContextKey('test')
const ONE = ROOT_CONTEXT.setValue(KEY, 1)
const TWO = ROOT_CONTEXT.setValue(KEY, 2)

/** It is missing in the types of API 1.9. */
interface Attaching {
  attach(context: typeof ONE): { dispose(): void }
}

describe.each<[whose: string, make: () => ContextManager]>([
  ['ours', () => new StorageContextManager()],
  ["OpenTelemetry's", () => new AsyncLocalStorageContextManager()],
])('the context manager (%s)', (_whose, make) => {
  it('runs a function and its asynchronous work in a context, with its receiver, arguments and result', async () => {
    const manager = make().enable()
    const seen: unknown[] = []
    const receiver = { name: 'receiver' }
    const result = manager.with(
      ONE,
      function (this: typeof receiver, ...args: number[]) {
        seen.push(this.name, args, manager.active())
        return manager.with(TWO, async () => {
          await turn()
          return manager.active()
        })
      },
      receiver,
      3,
      4,
    )
    expect(manager.active()).toBe(ROOT_CONTEXT)
    expect(seen).toEqual(['receiver', [3, 4], ONE])
    expect(await result).toBe(TWO)
    expect(() =>
      manager.with(ONE, () => {
        throw new RangeError('out')
      }),
    ).toThrow(RangeError)
    expect(manager.active()).toBe(ROOT_CONTEXT)
  })

  it('binds a function, which keeps its length and its receiver, and returns other values unchanged', () => {
    const manager = make().enable()
    const bound = manager.bind(ONE, function (this: unknown, _one: number, _two: number) {
      return [this, manager.active()]
    })
    expect(bound.length).toBe(2)
    expect(bound.call('this', 1, 2)).toEqual(['this', ONE])
    const other = {}
    expect(manager.bind(ONE, other)).toBe(other)
  })

  it('binds the listeners that are added to an emitter later, and each can be removed', () => {
    const manager = make().enable()
    const emitter = new EventEmitter()
    const seen: unknown[] = []
    const look = (): number => seen.push(manager.active())
    emitter.on('event', look)
    expect(manager.bind(ONE, emitter)).toBe(emitter)
    manager.bind(TWO, emitter)
    const late = (): number => seen.push(manager.active())
    emitter.prependListener('event', late)
    manager.with(TWO, () => emitter.emit('event'))
    expect(seen.splice(0)).toEqual([ONE, TWO])
    emitter.off('event', late)
    emitter.emit('event')
    expect(seen.splice(0)).toEqual([ROOT_CONTEXT])
    for (const add of ['once', 'prependOnceListener'] as const) {
      emitter[add]('once', late)
      emitter[add]('once', late).off('once', late)
      emitter.emit('once')
      emitter.emit('once')
      expect(seen.splice(0)).toEqual([ONE])
      expect(emitter.listenerCount('once')).toBe(0)
    }
    emitter.on('event', late).removeAllListeners('event')
    expect(emitter.emit('event')).toBe(false)
  })

  it('allows awaiting events of an emitter that it bound', async () => {
    const manager = make().enable()
    const emitter = manager.bind(ONE, new EventEmitter())
    const event = once(emitter, 'event')
    emitter.emit('event', 7)
    expect(await event).toEqual([7])
    expect(emitter.listenerCount('event')).toBe(0)
  })

  it('attaches a context until it is disposed of', () => {
    const manager = make().enable() as ContextManager & Attaching
    manager.with(ONE, () => {
      const outer = manager.attach(TWO)
      expect(manager.active()).toBe(TWO)
      outer.dispose()
      outer.dispose()
      expect(manager.active()).toBe(ONE)
    })
  })

  it('tracks no context after it was disabled', () => {
    const manager = make().enable()
    manager.with(ONE, () => {
      manager.disable()
      expect(manager.active()).toBe(ROOT_CONTEXT)
    })
  })
})

it('allows removing a listener twice that was added twice to a bound emitter', () => {
  const emitter = new StorageContextManager().bind(ONE, new EventEmitter())
  const listener = (): void => {}
  emitter.on('event', listener).addListener('event', listener)
  emitter.off('event', listener).removeListener('event', listener)
  expect(emitter.listenerCount('event')).toBe(0)
})
