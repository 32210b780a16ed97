import { type Context, context as contextApi } from '@opentelemetry/api'
import { attempt, guardMethods, wrapMethod } from '@spanwright/core/plugin'

import type { Callback, Submittable } from './call.ts'
import type { Method, RunningQuery } from './running.ts'

/** Methods a client calls on a submittable while it runs. Some have only a part of these. */
const PROTOCOL = [
  'handleRowDescription',
  'handleDataRow',
  'handlePortalSuspended',
  'handleCommandComplete',
  'handleEmptyQuery',
  'handleCopyInResponse',
  'handleReadyForQuery',
  'handleError',
] as const

type Handlers = { [Name in (typeof PROTOCOL)[number]]?: Method }

interface Countable extends Handlers {
  /** Number of rows of a COPY. */
  readonly rowCount?: unknown
  /** Why node-postgres could not read a row; reported when the server is ready. */
  readonly [UNREADABLE]?: unknown
}

const UNREADABLE = '_canceledDueToError'

const underWay = new WeakMap<object, SubmittedQuery>()

/** The running query of a cursor, stream or query object; undefined when it is not running. */
export function submittedQueryOf(submittable: object): SubmittedQuery | undefined {
  return underWay.get(submittable)
}

/**
 * A cursor, stream or query object passed to a client: it runs in its caller's context, its rows are counted, and its
 * span ends with the last row, the close, or the error.
 */
export class SubmittedQuery {
  private readonly query: RunningQuery
  private readonly submittable: Countable
  private readonly restores: (() => void)[] = []
  private rows: number | undefined
  private readonly ended: () => void

  /** @param ended called at the end, whatever the outcome */
  constructor(submittable: Submittable, query: RunningQuery, ended: () => void) {
    this.submittable = submittable as Countable
    this.query = query
    this.ended = ended
    underWay.set(submittable, this)
    for (const name of PROTOCOL) {
      if (typeof this.submittable[name] !== 'function') continue
      this.restores.push(wrapMethod(this.submittable, name, original => handler(this, name, original)))
    }
    if (!this.submittable.handleReadyForQuery) this.followEvents(submittable)
  }

  /** Called before the client calls a method of the submittable. */
  notice(name: (typeof PROTOCOL)[number], value: unknown): void {
    if (name === 'handleDataRow') this.rows = (this.rows ?? 0) + 1
    else if (name === 'handleRowDescription') this.rows ??= 0
    else if (name === 'handleReadyForQuery') this.ready()
    else if (name === 'handleError') this.fail(value)
  }

  /** Ends the span after a complete read, a close, or abandonment. */
  end(): void {
    this.restore()
    this.query.succeed(undefined, this.rows ?? attempt('counting rows', copiedRows, this.submittable))
    this.ended()
  }

  /** True when an error gets its fields only after it was handled, as with pg-native. */
  get learnsOfErrors(): boolean {
    return !this.submittable.handleReadyForQuery
  }

  /** Context of the caller. */
  get caller(): Context {
    return this.query.caller
  }

  private ready(): void {
    const unreadable = this.submittable[UNREADABLE]
    if (!unreadable) {
      this.end()
      return
    }
    this.rows = undefined
    this.fail(unreadable)
  }

  /** Ends the span of a failed submittable. */
  fail(error: unknown): void {
    this.restore()
    this.query.fail(error, this.rows)
    this.ended()
  }

  private restore(): void {
    underWay.delete(this.submittable)
    for (const restore of this.restores) restore()
    this.restores.length = 0
  }

  /** Query objects of pg-native have no protocol methods, and emit events instead. */
  private followEvents(submittable: Submittable): void {
    const { once } = submittable as { once?: (event: string, listener: () => void) => unknown }
    if (typeof once === 'function') once.call(submittable, 'end', () => this.end())
  }
}

guardMethods('following a query', SubmittedQuery, 'notice', 'end', 'fail')

/** Only COPY counts its own rows, and only a COPY that takes no input returns rows. */
function copiedRows({ rowCount, handleCopyInResponse }: Countable): number | undefined {
  return !handleCopyInResponse && typeof rowCount === 'number' ? rowCount : undefined
}

function handler(submitted: SubmittedQuery, name: (typeof PROTOCOL)[number], original: Method): Callback {
  const { caller } = submitted
  const isLate = name === 'handleError' && submitted.learnsOfErrors
  return function (this: unknown, ...args: unknown[]): unknown {
    if (!isLate) submitted.notice(name, args[0])
    try {
      return contextApi.with(caller, original as Callback, this, ...args)
    } finally {
      if (isLate) submitted.notice(name, args[0])
    }
  }
}
