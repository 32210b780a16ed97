import { describe, expect, it, jest } from '@jest/globals'

import type * as core from '@spanwright/core/plugin'
import { isWrapped, keepFace, originalOf, wrapMethod } from '@spanwright/core/plugin'

type Core = typeof core

class Pool {
  readonly size = 3
  query(text: string, ..._values: unknown[]): string {
    return `${text} of ${this.size}`
  }
}

type Query = Pool['query']

/** Appends an exclamation mark to the result. */
function shouting(original: Query): Query {
  return function (this: Pool, ...args) {
    return `${original.apply(this, args)}!`
  }
}

describe('a wrapped method', () => {
  it('passes arguments, `this` and result on', () => {
    const pool = new Pool()
    wrapMethod(pool, 'query', shouting)
    expect(pool.query('all')).toBe('all of 3!')
  })

  it('is that of one object, never of its class', () => {
    const pool = new Pool()
    const other = new Pool()
    wrapMethod(pool, 'query', shouting)
    expect(other.query('all')).toBe('all of 3')
    expect(isWrapped(other, 'query')).toBe(false)
    expect(isWrapped(pool, 'query')).toBe(true)
  })

  it('keeps name, length and own properties, those with symbols for keys too', () => {
    const promisified = Symbol('promisified')
    const getter = (): string => 'read'
    function query(a: string, b: number): string {
      return `${a}${b}`
    }
    Object.assign(query, { retries: 2, [promisified]: true })
    Object.defineProperty(query, 'hidden', { get: getter, enumerable: false, configurable: true })
    const target = { query }
    wrapMethod(
      target,
      'query',
      original =>
        (...args: Parameters<typeof query>) =>
          original(...args),
    )

    expect(target.query).not.toBe(query)
    expect(Object.assign({}, target.query)).toEqual({ retries: 2, [promisified]: true })
    expect([target.query.name, target.query.length]).toEqual(['query', 2])
    expect(Object.keys(target.query)).toEqual(['retries'])
    expect(Object.getOwnPropertyDescriptor(target.query, 'hidden')?.get).toBe(getter)
  })

  it('copies nothing of a sloppy-mode function that exposes its callers', () => {
    // oxlint-disable-next-line typescript/no-implied-eval, no-new-func -- the only way to one in a module
    const sloppy = new Function('a', 'return a') as (a: string) => string
    const replacement = keepFace((a: string) => sloppy(a), sloppy)
    expect(Object.getOwnPropertyNames(replacement).toSorted()).toEqual(['length', 'name'])
  })

  it('is enumerable only if the method was', () => {
    const pool = new Pool()
    const own = { query: (text: string): string => text }
    wrapMethod(pool, 'query', shouting)
    wrapMethod(own, 'query', original => text => original(text))
    expect(Object.keys(pool)).toEqual(['size'])
    expect(Object.keys(own)).toEqual(['query'])
  })

  it('refers to the original', () => {
    const pool = new Pool()
    wrapMethod(pool, 'query', shouting)
    expect(originalOf(pool.query)).toBe(Pool.prototype.query)
    expect(originalOf(Pool.prototype.query)).toBeUndefined()
    expect(originalOf(undefined)).toBeUndefined()
  })

  it('can be one with a symbol for its name', () => {
    const close = Symbol('close')
    const target = { [close]: (): string => 'closed' }
    const undo = wrapMethod(target, close, original => () => `${original()}!`)
    expect(target[close]()).toBe('closed!')
    undo()
    expect(target[close]()).toBe('closed')
  })

  it('is recognised by another copy of this package', async () => {
    const copies: Core[] = []
    for (let copy = 0; copy < 2; copy++) {
      await jest.isolateModulesAsync(async () => {
        copies.push(await import('@spanwright/core/plugin'))
      })
    }
    const [one, other] = copies as [Core, Core]
    expect(one.wrapMethod).not.toBe(other.wrapMethod)

    const pool = new Pool()
    one.wrapMethod(pool, 'query', shouting)
    expect(other.isWrapped(pool, 'query')).toBe(true)
    expect(other.originalOf(pool.query)).toBe(Pool.prototype.query)
  })
})

describe('the function that restores a method', () => {
  it('leaves the object as it was', () => {
    const pool = new Pool()
    const own = Object.defineProperty({} as Pool, 'query', { value: pool.query, configurable: true })
    const before = Object.getOwnPropertyDescriptor(own, 'query')

    const undo = [wrapMethod(pool, 'query', shouting), wrapMethod(own, 'query', shouting)]
    for (const back of undo) back()

    expect(Object.hasOwn(pool, 'query')).toBe(false)
    expect(Object.getOwnPropertyDescriptor(own, 'query')).toEqual(before)
  })

  it('puts a getter back', () => {
    const pool = new Pool()
    const get = (): Query => Pool.prototype.query
    Object.defineProperty(pool, 'query', { get, configurable: true })
    wrapMethod(pool, 'query', shouting)()
    expect(Object.getOwnPropertyDescriptor(pool, 'query')?.get).toBe(get)
  })

  it('leaves a wrapper that was added on top', () => {
    const pool = new Pool()
    const undo = wrapMethod(pool, 'query', shouting)
    const ours = pool.query
    const theirs = (text: string): string => `<${ours.call(pool, text)}>`
    pool.query = theirs

    undo()
    expect(pool.query).toBe(theirs)
    expect(pool.query('all')).toBe('<all of 3!>')
  })

  it('does nothing the second time', () => {
    const pool = new Pool()
    const undo = wrapMethod(pool, 'query', shouting)
    undo()
    wrapMethod(pool, 'query', shouting)
    undo()
    expect(pool.query('all')).toBe('all of 3!')
  })
})

describe('what cannot be wrapped', () => {
  const fixed = Object.defineProperty({}, 'query', { value: () => '' })

  it.each([
    ['no method', { query: 5 }, 'query is not a method of the given object'],
    ['nothing', {}, 'query is not a method of the given object'],
    [
      'of a frozen object',
      Object.freeze({ query: () => '' }),
      'query of { query: [Function: query] } cannot be replaced: the object is frozen or sealed',
    ],
    [
      'of an object that takes no new properties',
      Object.preventExtensions(new Pool()),
      'query of an instance of Pool cannot be replaced: the object is frozen or sealed',
    ],
    [
      'that is fixed',
      fixed,
      'query of { query: [Function: value] } cannot be replaced: the object is frozen or sealed',
    ],
  ])('is refused with words: a method %s', (_, target, message) => {
    expect(() => wrapMethod(target as Pool, 'query', shouting)).toThrow(new TypeError(message))
  })
})
