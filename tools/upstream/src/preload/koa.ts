import { createRequire } from 'node:module'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { tracing } from '@spanwright/koa'

import { record } from './record.ts'

interface App {
  readonly middleware: unknown[]
  callback: () => unknown
}

// Traces every app of the tested Koa, or of the one that a tested router uses.
record()
const load = createRequire(join(process.cwd(), 'package.json'))
const own = join(process.cwd(), 'lib', 'application.js')
const { prototype } = load(existsSync(own) ? own : 'koa') as { readonly prototype: App }
const { callback } = prototype
const traced = new WeakSet<App>()
prototype.callback = function (this: App) {
  if (!traced.has(this)) this.middleware.unshift(tracing())
  traced.add(this)
  return callback.call(this)
}
