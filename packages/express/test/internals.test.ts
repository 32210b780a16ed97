import { type Attributes, SpanKind } from '@opentelemetry/api'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { collectDiag, type CollectedDiag } from '@spanwright/test-kit'
import { recordTests } from '@spanwright/test-kit/recorder'
import type { Application, Request, Response } from 'express'
import request from 'supertest'

import { tracing } from '@spanwright/express'

import { type Express, VERSIONS } from './versions.ts'

const recorder = recordTests()
let diagnostics: CollectedDiag
beforeEach(() => {
  diagnostics = collectDiag('error')
})
afterEach(() => diagnostics.stop())

type Fields = Record<string, unknown>

function routerOf(app: Application): { stack: Fields[] } {
  return (Reflect.get(app, '_router') ?? app.router) as { stack: Fields[] }
}

/** An object that has the elements of an array but is not one. */
function listLike<T>(list: T[]): T[] {
  return Object.assign(Object.create(null) as T[], list, { length: list.length })
}

/** What the next version of Express could do to its own objects, and still work. */
const CHANGES: readonly {
  readonly changed: string
  change(app: Application): void
}[] = [
  {
    changed: 'the stack of a router',
    change(app) {
      const router = routerOf(app)
      router.stack = listLike(router.stack)
    },
  },
  {
    changed: 'the function of a layer',
    change(app) {
      for (const layer of routerOf(app).stack) {
        const handle = layer['handle'] as (...args: unknown[]) => void
        Object.assign(layer, { handle: undefined, handle_request: handle, handleRequest: handle })
      }
    },
  },
  {
    changed: 'what a layer matches',
    change(app) {
      for (const layer of routerOf(app).stack) {
        const { matchers, regexp } = layer as { matchers?: unknown[]; regexp?: RegExp }
        if (matchers) layer['matchers'] = listLike(matchers)
        if (regexp) layer['regexp'] = { exec: (path: string) => regexp.exec(path) }
      }
    },
  },
  {
    changed: 'how a layer is given a request, how a layer is given an error',
    change(app) {
      for (const layer of routerOf(app).stack) {
        const methods = Object.getOwnPropertyDescriptors(Object.getPrototypeOf(layer))
        Object.setPrototypeOf(layer, Object.prototype)
        Object.defineProperties(layer, methods)
      }
    },
  },
]

function appOf(express: Express): Application {
  const answer = (_req: Request, res: Response): void => void res.send('ok')
  const app = express().set('env', 'test').use(tracing())
  app.get('/users/:id', answer)
  app.get('/files/:name.:ext', answer)
  app.use('/m/:a', express.Router().get('/leaf/:b', answer))
  return app
}

async function ask(app: Application, path: string): Promise<[status: number, route: Attributes[string]]> {
  const { status } = await request(app).get(path)
  const span = await recorder.waitFor({ kind: SpanKind.SERVER })
  await recorder.reset()
  return [status, span.attributes['http.route']]
}

describe.each(VERSIONS)('a later version than $name', ({ load }) => {
  const express = load()

  it.each(CHANGES)(
    'that changes $changed keeps its requests, and the routes that it shows itself',
    async ({ changed, change }) => {
      const app = appOf(express)
      change(app)

      expect(await ask(app, '/users/7')).toEqual([200, '/users/:id'])
      // Neither a pattern that only Express can read, nor part of one.
      expect(await ask(app, '/files/a.txt')).toEqual([200, undefined])
      expect(await ask(app, '/m/1/leaf/2')).toEqual([200, undefined])
      expect(await ask(app, '/none')).toEqual([404, undefined])
      expect(diagnostics.lines).toEqual([
        expect.stringContaining(`This version of Express has changed ${changed}`),
      ])
    },
  )

  it('is not reported as long as it is as expected', async () => {
    const app = appOf(express)
    expect(await ask(app, '/m/1/leaf/2')).toEqual([200, '/m/:a/leaf/:b'])
    expect(diagnostics.lines).toEqual([])
  })
})

describe.each(VERSIONS)('the stack of an app in $name', ({ load }) => {
  const express = load()

  it('grows by one layer in all, however many routes are added between requests', async () => {
    const app = appOf(express)
    await ask(app, '/users/7')
    const { stack } = routerOf(app)
    const before = stack.length
    for (let i = 0; i < 5; i++) {
      app.get(`/late/${i}`, (_req, res) => void res.send('ok'))
      expect(await ask(app, `/late/${i}`)).toEqual([200, `/late/${i}`])
    }
    expect(routerOf(app).stack).toBe(stack)
    expect(stack).toHaveLength(before + 5)
  })

  it('lets requests on their way through pass each layer once while routes are added', async () => {
    const app = appOf(express)
    await ask(app, '/users/7')
    const passed: string[] = []
    app.use(function one(_req, _res, next) {
      passed.push('one')
      app.use(function two(_req2, _res2, next2) {
        passed.push('two')
        next2()
      })
      setImmediate(next)
    })
    expect(await ask(app, '/none')).toEqual([404, undefined])
    expect(passed).toEqual(['one', 'two'])
  })
})
