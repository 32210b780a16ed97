import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals'
import { tracing } from '@spanwright/express'
import { type NestExecution, traceNest } from '@spanwright/express/nest'
import { requestOf, serve } from '@spanwright/test-kit'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'
import express, { type Request } from 'express'
import { BehaviorSubject, lastValueFrom, Observable, of, throwError, toArray } from 'rxjs'

let recorder: SpanRecorder
beforeAll(() => {
  recorder = recordSpans({ global: true })
})
afterEach(() => recorder.reset())
afterAll(() => recorder.stop())

class Orders {
  find(): void {}
}

function executionOf(request: unknown): NestExecution {
  return {
    getType: () => 'http',
    getClass: () => Orders,
    getHandler: () => Orders.prototype.find,
    switchToHttp: () => ({ getRequest: () => request }),
  }
}

function intercept<Source>(request: unknown, source: Source): Source {
  return traceNest().intercept(executionOf(request), { handle: () => source })
}

/** Runs the work of a request within a traced request, and returns its result. */
async function inRequest<Result>(work: (request: Request) => Result | Promise<Result>): Promise<Result> {
  let result: Promise<Result> | undefined
  const app = express().use(tracing({ layers: 'spans' }), (req, res) => {
    result = Promise.resolve(work(req))
    res.end()
  })
  await using server = await serve(app)
  await server.send(requestOf('GET /'))
  return (await result) as Result
}

const failure = new RangeError('none left')

it.each<[what: string, source: Observable<unknown>, outcome: unknown]>([
  ['values and completion', of(1, 2, 3), [1, 2, 3]],
  ['completion without values', of(), []],
  ['the same error', throwError(() => failure), failure],
])('passes on %s', async (_what, source, outcome) => {
  const read = (request: Request): Promise<unknown> =>
    lastValueFrom(intercept(request, source).pipe(toArray())).catch((error: unknown) => error)

  const seen = await inRequest(read)
  expect(seen).toEqual(outcome)
  expect(seen === failure).toBe(outcome === failure)
})

it('unsubscribes from the source when the subscriber unsubscribes, and ends the span', async () => {
  let hasLeft = false
  const source = new Observable<number>(subscriber => {
    subscriber.next(1)
    return () => {
      hasLeft = true
    }
  })
  const seen = await inRequest(request => {
    const values: number[] = []
    const subscription = intercept(request, source).subscribe(value => values.push(value))
    expect(hasLeft).toBe(false)
    subscription.unsubscribe()
    return values
  })

  expect(seen).toEqual([1])
  expect(hasLeft).toBe(true)
  await recorder.waitFor('controller Orders.find')
  expect(recorder.open()).toEqual([])
})

it('returns an Observable even when the source is an instance of a subclass', async () => {
  const subject = new BehaviorSubject('first')
  const watched = await inRequest(request => intercept(request, subject))

  expect(watched).toBeInstanceOf(Observable)
  const values: string[] = []
  watched.subscribe(value => values.push(value))
  subject.next('second')
  expect(values).toEqual(['first', 'second'])
})

it('returns values that are not Observables, and everything outside of a traced request, unchanged', async () => {
  const promise = Promise.resolve(1)
  const source = of(1)
  const other: NestExecution = { ...executionOf(undefined), getType: () => 'ws' }

  expect(await inRequest(request => [intercept(request, promise)][0] === promise)).toBe(true)
  expect(intercept({ headers: {} }, source)).toBe(source)
  expect(await lastValueFrom(traceNest().intercept(other, { handle: () => source }))).toBe(1)
})

it('never throws, whatever Nest passes to it', async () => {
  const fails = (): never => {
    throw new Error('has changed')
  }
  const changed = { getType: fails, getClass: fails, getHandler: fails, switchToHttp: fails }

  expect(await lastValueFrom(traceNest().intercept(changed, { handle: () => of(1) }))).toBe(1)
})

it.each<[what: string, provider: unknown]>([
  ['nothing', undefined],
  ['a string', 'value'],
  ['a guard without a class', Object.assign(Object.create(null), { canActivate: () => true })],
  ['a frozen guard', Object.freeze({ canActivate: () => true })],
  [
    'an object that must not be read',
    new Proxy(
      {},
      {
        get(_target, name) {
          if (name === 'transform') throw new Error('outside of a request')
          return undefined
        },
      },
    ),
  ],
])('returns a provider unchanged: %s', (_what, provider) => {
  expect(traceNest().instanceDecorator(provider)).toBe(provider)
  const { canActivate } = (provider ?? {}) as { canActivate?: (execution: object) => boolean }
  expect(canActivate?.(executionOf({})) ?? true).toBe(true)
})

it('replaces a method once, and keeps its name and length', () => {
  class RolesGuard {
    canActivate(_execution: object): boolean {
      return true
    }
  }
  const guard = new RolesGuard()
  const { canActivate } = traceNest().instanceDecorator(guard) as RolesGuard
  expect(traceNest().instanceDecorator(guard)).toBe(guard)

  expect(guard.canActivate).toBe(canActivate)
  expect(canActivate).not.toBe(RolesGuard.prototype.canActivate)
  expect([canActivate.name, canActivate.length]).toEqual(['canActivate', 1])
  expect(Object.keys(guard)).toEqual([])
})
