import { context, propagation, trace } from '@opentelemetry/api'

import { show } from '../host/options.ts'
import { extractContext, injectedFields } from '../operation/propagation.ts'
import { CARRIER_GETTER, variableOf } from './carrier.ts'

/** What a propagator is taken from: nothing but the global one. */
const GLOBALS = { options: {} }

/**
 * The active context as plain data, for a job, a message or another process: `queue.add('pay', { ...data, trace:
 * carrierOf() })`. Written by the global propagator. Never throws.
 * @param form `'fields'`: names as in headers (`traceparent`); `'environment'`: variables of a process (`TRACEPARENT`), as
 *   OpenTelemetry's "Environment Variables as Context Propagation Carriers" names them. Default: `'fields'`
 * @returns a new object, which the caller may change; empty when there is nothing to pass on
 * @throws TypeError when the form is another one
 */
export function carrierOf(form: 'fields' | 'environment' = 'fields'): Record<string, string> {
  if (form !== 'fields' && form !== 'environment') {
    throw new TypeError(`carrierOf(): the form must be 'fields' or 'environment'; got ${show(form)}`)
  }
  const fields = injectedFields(GLOBALS, context.active())
  const carrier: Record<string, string> = {}
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? ''
    carrier[form === 'fields' ? name : variableOf(name)] = fields[i + 1] ?? ''
  }
  return carrier
}

/**
 * Runs work in the context that it was sent with, in place of the active trace and baggage. It makes no span:
 * `withSpan()` within does, or the traced calls of the work.
 * @param carrier what the context was written to, read by the global propagator: an object of `carrierOf()`, headers,
 *   attributes of a message of SQS, a `Map`, `process.env`. Without a context in it, the work starts a new trace
 * @returns what the work returned
 * @throws TypeError when the work is not a function
 */
export function withRemoteContext<T>(carrier: object | null | undefined, work: () => T): T {
  if (typeof work !== 'function') {
    throw new TypeError(`withRemoteContext(): expected a function to run; got ${show(work)}`)
  }
  const base = propagation.deleteBaggage(trace.deleteSpan(context.active()))
  const isCarrier = typeof carrier === 'object' && carrier !== null
  return context.with(isCarrier ? extractContext(GLOBALS, base, carrier, CARRIER_GETTER) : base, work)
}
