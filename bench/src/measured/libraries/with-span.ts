import { SpanStatusCode, trace } from '@opentelemetry/api'

import { isByHand } from '../by-hand/is-by-hand.ts'
import { Callers, type OpenScenario } from '../scenario.ts'

/** Turns of the event loop are what a span is usually around. */
async function work(): Promise<number> {
  await new Promise(setImmediate)
  return 42
}

/** An asynchronous function of the application, with a span around it. */
export const open: OpenScenario = async ({ variant }) => {
  if (isByHand(variant)) return new Callers(8, byHand, close)
  if (variant === 'bare') return new Callers(8, work, close)
  const { withSpan } = await import('@spanwright/core')
  return new Callers(8, () => withSpan('work', work), close)
}

function byHand(): Promise<number> {
  return trace.getTracer('by-hand').startActiveSpan('work', async span => {
    try {
      return await work()
    } catch (error) {
      span.recordException(error as Error)
      span.setStatus({ code: SpanStatusCode.ERROR, message: String(error) })
      throw error
    } finally {
      span.end()
    }
  })
}

async function close(): Promise<void> {}
