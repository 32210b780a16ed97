import { createRequire } from 'node:module'

import { context, trace } from '@opentelemetry/api'
import { withSpan } from '@spanwright/core'
import { traceUndici } from '@spanwright/undici'

import { startTracing } from '../src/index.ts'

// A program that is set up as its argument says, and tells what its tracing reports.
interface Plan {
  /** Modules that something else in the program loads. */
  readonly loads?: readonly string[]
  readonly tracesUndici?: boolean
  readonly hasNoContextManager?: boolean
}

const plan = JSON.parse(process.argv[2] ?? '{}') as Plan

async function run(): Promise<void> {
  await using tracing = startTracing({ serviceName: 'patient', exporter: { timeout: 300 } })
  for (const path of plan.loads ?? []) createRequire(__filename)(path)
  if (plan.tracesUndici) {
    traceUndici()
    traceUndici().stop()
  }
  if (plan.hasNoContextManager) context.disable()
  withSpan('one', () => trace.getTracer('test').startSpan('two').end())
  await tracing.forceFlush()
  process.send?.(tracing.report())
}

void run().then(() => process.disconnect?.())
