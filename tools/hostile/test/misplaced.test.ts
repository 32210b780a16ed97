import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { tracing as traceExpress } from '@spanwright/express'
import { tracing as traceKoa } from '@spanwright/koa'
import { recordSpans } from '@spanwright/testing'
import express from 'express'
import Koa from 'koa'

import { collectDiag, serve } from '@spanwright/test-kit'
import { ask } from './requests.ts'

let diagnostics: ReturnType<typeof collectDiag>
beforeEach(() => {
  diagnostics = collectDiag()
})
afterEach(() => diagnostics.stop())

function inExpress(middleware: unknown): express.Express {
  return express()
    .use(middleware as express.RequestHandler)
    .get('/', (_req, res) => void res.send('through'))
}

function inKoa(middleware: unknown): (...given: never[]) => unknown {
  const app = new Koa().use(middleware as Koa.Middleware).use(ctx => void (ctx.body = 'through'))
  return app.callback()
}

const MISTAKES = [
  ['of Express, not called, in Express', inExpress, traceExpress, 'app.use(tracing())'],
  ['of Koa, not called, in Koa', inKoa, traceKoa, 'app.use(tracing())'],
  ['of Koa, not called, in Express', inExpress, traceKoa, 'app.use(tracing())'],
  ['of Express, not called, in Koa', inKoa, traceExpress, 'app.use(tracing())'],
  ['of Koa in Express', inExpress, traceKoa(), 'import it from @spanwright/express'],
  ['of Express in Koa', inKoa, traceExpress(), 'import it from @spanwright/koa'],
] as const

describe('misplaced tracing', () => {
  it.each(MISTAKES)(
    '%s, lets requests through and reports once how to fix it',
    async (_, app, middleware, fix) => {
      const recorder = recordSpans({ global: true })
      await using served = await serve(app(middleware) as Parameters<typeof serve>[0])
      for (let i = 0; i < 20; i++) {
        expect(await ask(served.port, 'GET', '/')).toMatchObject({ status: 200, body: 'through' })
      }
      expect(recorder.spans()).toEqual([])
      await recorder.stop()
      expect(diagnostics.messages).toEqual([expect.stringContaining(fix)])
      expect(diagnostics.messages[0]).toMatch(
        /^spanwright: tracing(?:\(\))? of @spanwright\/(?:express|koa) /,
      )
    },
  )
})
