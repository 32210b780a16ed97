import { once } from 'node:events'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'

import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { TracerProvider } from '@opentelemetry/sdk-trace'
import { diagnose, withSpan } from '@spanwright/core'
import { tracing as tracingOf } from '@spanwright/express'
import { traceFetch, traceUndici } from '@spanwright/undici'
import express from 'express'

import { alwaysOff, startTracing, type Tracing } from '../src/index.ts'

// A program that is set up according to its argument, and sends the report of its tracing.
interface Plan {
  /** Modules that other code in the program loads. */
  readonly loads?: readonly string[]
  /** Whether OpenTelemetry's instrumentation of undici is enabled. */
  readonly instruments?: boolean
  readonly tracesUndici?: boolean
  readonly dropsFetch?: boolean
  readonly hasNoContextManager?: boolean
  readonly samplesNothing?: boolean
  /** Where an app uses `tracing()`. */
  readonly serves?: 'before' | 'after' | 'in a router'
  /** Whether another SDK records. */
  readonly isForeign?: boolean
  /** How it ends: by `shutdown()`, because no work is left, by `process.exit()`, by a signal. */
  readonly ends?: 'shut down' | 'by itself' | 'at once' | 'by a signal'
}

const plan = JSON.parse(process.argv[2] ?? '{}') as Plan

function start(): Tracing | undefined {
  if (!plan.isForeign) {
    const sampler = plan.samplesNothing ? { sampler: alwaysOff() } : {}
    return startTracing({ serviceName: 'patient', ...sampler })
  }
  context.setGlobalContextManager(new AsyncLocalStorageContextManager())
  trace.setGlobalTracerProvider(new TracerProvider())
  return undefined
}

/** Requests an item and an unknown path from an app. */
async function serve(place: NonNullable<Plan['serves']>): Promise<void> {
  const app = express()
  const routes = express.Router()
  if (place === 'before') app.use(tracingOf())
  if (place === 'in a router') routes.use(tracingOf())
  routes.get('/items', (_request, response) => void response.json([]))
  app.get('/health', (_request, response) => void response.json({}))
  if (place === 'after') app.get('/items', (_request, response) => void response.json([]))
  if (place === 'after') app.use(tracingOf())
  app.use(routes)
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  for (const path of ['items', 'health']) await (await fetch(`http://127.0.0.1:${port}/${path}`)).text()
  server.close()
  server.closeAllConnections()
}

async function run(): Promise<void> {
  const tracing = start()
  for (const path of plan.loads ?? []) createRequire(__filename)(path)
  if (plan.instruments) {
    const { UndiciInstrumentation } = createRequire(__filename)('@opentelemetry/instrumentation-undici') as {
      UndiciInstrumentation: new () => object
    }
    // Enables itself.
    Reflect.construct(UndiciInstrumentation, [])
  }
  if (plan.dropsFetch) traceFetch(globalThis.fetch)
  if (plan.tracesUndici) {
    traceUndici()
    traceUndici().stop()
    await (await fetch(String(process.env['OTEL_EXPORTER_OTLP_ENDPOINT']))).text()
  }
  if (plan.serves) await serve(plan.serves)
  if (plan.hasNoContextManager) context.disable()
  withSpan('one', () => trace.getTracer('test').startSpan('two').end())
  await tracing?.forceFlush()
  const { ends = 'shut down' } = plan
  if (ends === 'shut down') {
    const report = tracing?.report() ?? diagnose()
    await tracing?.shutdown()
    process.send?.({ report, afterwards: tracing?.report() ?? diagnose() })
  } else process.send?.({ report: tracing?.report() ?? diagnose() })
  process.disconnect?.()
  if (ends === 'at once') process.exit()
  if (ends === 'by a signal') process.kill(process.pid, 'SIGTERM')
}

void run()
