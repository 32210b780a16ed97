import { writeSync } from 'node:fs'
import Module, { createRequire } from 'node:module'

import { diag, DiagLogLevel } from '@opentelemetry/api'
import type { StartTracingOptions, Tracing } from '@spanwright/sdk'
import { collectGarbage } from '@spanwright/test-kit'

import { BARE } from './bare.ts'
import { replaceClock, setClock } from './clock.ts'
import { MARK, type Notice, type Question, type Standing } from './messages.ts'

// Loaded into a service before its own code, which is that of the example without a change.
const resolver = createRequire(__filename)
let tracing: Tracing | undefined

function notify(notice: Notice): void {
  writeSync(1, `${MARK}${JSON.stringify(notice)}\n`)
}

/** Makes every later import of a package get these exports. */
function provide(name: string, exports: unknown): void {
  const path = resolver.resolve(name)
  const module = new Module(path)
  Object.assign(module, { exports, filename: path, loaded: true })
  resolver.cache[path] = module
}

function ignore(): void {}

function fail(message: string, ...rest: unknown[]): void {
  notify({ failure: [message, ...rest].map(String).join(' ') })
}

function trace(): void {
  const logger = { error: fail, warn: ignore, info: ignore, debug: ignore, verbose: ignore }
  diag.setLogger(logger, DiagLogLevel.ERROR)
  const sdk = resolver('@spanwright/sdk') as {
    readonly startTracing: (options: StartTracingOptions) => Tracing
  }
  const startTracing = (options: StartTracingOptions): Tracing => (tracing = sdk.startTracing(options))
  provide('@spanwright/sdk', { ...sdk, startTracing })
}

function standing(id: number): Standing {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return { id, memory: { heap: heapUsed, buffers: external }, ...(tracing && { counts: tracing.counts() }) }
}

replaceClock()
setClock(Number(process.env['SOAK_CLOCK']))
if (process.env['SOAK_TRACED']) trace()
else for (const [name, exports] of Object.entries(BARE)) provide(name, exports)

process.on('message', (question: Question) => {
  if ('clock' in question) setClock(question.clock)
  process.send?.(standing(question.id))
})
// The soak has ended, however it did.
process.on('disconnect', () => process.exit(1))
process.on('uncaughtExceptionMonitor', (error, origin) =>
  notify({ fault: `${origin}: ${error instanceof Error ? error.stack : String(error)}` }),
)
process.on('warning', ({ name, message }) => notify({ fault: `${name}: ${message}` }))
process.on('exit', () => {
  if (tracing) notify({ end: tracing.counts() })
})
