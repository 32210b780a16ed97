import type { Context } from '@opentelemetry/api'
import { SUCCESS } from '@spanwright/core/plugin'

import { clientFailure } from '../failure.ts'
import { ABANDONED, startTransaction, type TransactionSpan } from '../produce/transaction.ts'
import type { CallEnding, Published } from './channels.ts'
import { clientOfProducer } from './clients.ts'
import type { Producer } from './library.ts'
import { currentTracing } from './tracings.ts'

/** A running transaction, and the function that releases the channels that report its end. */
interface Running {
  readonly span: TransactionSpan
  release(): void
}

/** A producer has one transaction at a time. */
const running = new WeakMap<object, Running>()

/** Context a send of a producer belongs to. */
export function contextOfSend(producer: object, active: Context): Context {
  return running.get(producer)?.span.contextIn(active) ?? active
}

/** Follows a call that begins, commits or aborts a transaction. `hold` retains the channels. */
export function followTransaction(
  { client: producer, operation }: Published,
  hold: () => () => void,
): ((ending: CallEnding) => void) | undefined {
  if (operation === 'begin') return begin(producer as Producer, hold)
  if (operation !== 'commit' && operation !== 'abort') return undefined
  return ({ failure }) =>
    finish(producer, ({ span }) => span.end(operation, failure ? clientFailure(failure.error) : SUCCESS))
}

/** Ends the span of a transaction that will be neither committed nor aborted. */
export function abandonTransaction(producer: object): void {
  finish(producer, ({ span }) => span.end('abandoned', ABANDONED))
}

function begin(producer: Producer, hold: () => () => void): ((ending: CallEnding) => void) | undefined {
  // The end of a cancelled transaction is not published.
  abandonTransaction(producer)
  const tracing = currentTracing()
  const span = tracing && startTransaction(tracing, clientOfProducer(producer))
  if (!span) return undefined
  return ({ failure }) => {
    if (failure) span.failed(failure.error)
    else running.set(producer, { span, release: hold() })
  }
}

function finish(producer: object, end: (transaction: Running) => void): void {
  const transaction = running.get(producer)
  if (!transaction) return
  running.delete(producer)
  end(transaction)
  transaction.release()
}
