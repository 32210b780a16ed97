import { type Context, SpanKind } from '@opentelemetry/api'
import { ATTR_SPANWRIGHT_DB_WAIT_TIME } from '@spanwright/core/semconv'
import { decide, guardMethods, Operation, say, SUCCESS, writeTo } from '@spanwright/core/plugin'

import type { Endpoint } from '../connection/endpoint.ts'
import { failureOf } from '../query/failure.ts'
import type { DatabaseOperation } from '../options.ts'
import type { QueryTracing } from '../query/tracing.ts'

/** A client checkout, from the call of `connect()` to that of `release()`. */
export class Checkout {
  readonly operation: Operation<DatabaseOperation> | undefined
  private readonly tracing: QueryTracing
  /** Where `connect()` was called; captured only with `leakThreshold`. */
  private readonly place: Error | undefined
  private timer: NodeJS.Timeout | undefined

  constructor(tracing: QueryTracing, endpoint: Endpoint, caller: Context) {
    this.tracing = tracing
    const { checkout, leakThreshold } = tracing.options
    if (checkout) this.operation = startSpan(tracing, endpoint, caller)
    if (leakThreshold !== undefined) this.place = new Error('checked out here')
  }

  /** The client was obtained. */
  acquire(waited: number): void {
    if (this.operation) writeTo(this.operation.span, 'setAttribute', ATTR_SPANWRIGHT_DB_WAIT_TIME, waited)
    const { leakThreshold } = this.tracing.options
    if (leakThreshold === undefined) return
    this.timer = setTimeout(() => this.report(leakThreshold), leakThreshold)
    this.timer.unref()
  }

  /** No client was obtained. */
  fail(error: unknown): void {
    const late = {}
    this.operation?.end(failureOf(error, late), late)
  }

  /** The client was released. */
  end(): void {
    clearTimeout(this.timer)
    this.operation?.end(SUCCESS)
  }

  private report(leakThreshold: number): void {
    const frames = this.place?.stack?.split('\n').slice(1).join('\n') ?? ''
    say(
      'warn',
      `spanwright: a client of the pool is held for more than ${leakThreshold} ms and not yet released; ` +
        `checked out\n${frames}`,
    )
  }
}

guardMethods('following a checkout', Checkout, 'acquire', 'fail', 'end')

function startSpan(
  { settings }: QueryTracing,
  { place }: Endpoint,
  parent: Context,
): Operation<DatabaseOperation> | undefined {
  if (!settings.hasTracerProvider || decide(settings, parent, undefined) !== 'trace') return undefined
  return new Operation(settings, {
    kind: SpanKind.INTERNAL,
    name: 'checkout',
    attributes: { ...place },
    parent,
  })
}
