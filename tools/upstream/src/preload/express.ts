import { createRequire } from 'node:module'
import { join } from 'node:path'

import { tracing } from '@spanwright/express'

import { record } from './record.ts'

interface App {
  parent?: unknown
  router?: { readonly stack: unknown[] }
  use: (middleware: unknown) => unknown
  handle: (...args: unknown[]) => unknown
}

type Express = (...args: unknown[]) => App

// Traces every app, from its first request on: its router must not be created before the settings of the test.
record()
const path = join(process.cwd(), 'lib', 'express.js')
const load = createRequire(path)
const express = load(path) as Express

function createApplication(...args: unknown[]): App {
  const app = express(...args)
  const { handle } = app
  let isTraced = false
  app.handle = function (this: App, ...given: unknown[]) {
    if (!isTraced && !app.parent) {
      isTraced = true
      app.use(tracing())
      const stack = app.router?.stack ?? []
      stack.unshift(...stack.splice(-1))
    }
    return Reflect.apply(handle, this, given)
  }
  return app
}

Object.defineProperties(createApplication, Object.getOwnPropertyDescriptors(express))
load.cache[path]!.exports = createApplication
