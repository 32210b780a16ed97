import { type Attributes, type Context, context as contextApi, SpanKind, trace } from '@opentelemetry/api'
import { ATTR_SPANWRIGHT_MESSAGING_TRANSACTION_OUTCOME } from '@spanwright/core/semconv'
import {
  attempt,
  decide,
  type Ending,
  Operation,
  reportFailure,
  runToEnd,
  spanContextOf,
  SUCCESS,
  traceOf,
  wrapMethod,
} from '@spanwright/core/plugin'

import type { Client } from '../client.ts'
import { clientFailure } from '../failure.ts'
import type { Producer, Transaction } from '../library.ts'
import type { KafkaOperation } from '../options.ts'
import { traceSender } from './sender.ts'
import type { KafkaTracing } from '../tracing.ts'
import { traceOffsets } from './transaction-offsets.ts'

type Outcome = 'commit' | 'abort' | 'abandoned'

export const ABANDONED: Ending = {
  failed: true,
  errorType: 'abandoned',
  description: 'The producer disconnected before the transaction was committed or aborted',
}

/** Traces the sends of a producer, and its transactions, of which it has one at a time. */
export function traceTransactions(tracing: KafkaTracing, client: Client, producer: Producer): void {
  let current: TransactionSpan | undefined
  let ownCurrent: TransactionSpan | undefined
  const parentOf = (active: Context): Context => ownCurrent?.contextIn(active) ?? active
  traceSender(tracing, client, producer, parentOf)
  if (typeof producer.transaction !== 'function') return
  // Some clients have no transaction object: the producer itself commits and aborts.
  endWith(() => ownCurrent, producer)
  traceOffsets(tracing, client, producer, parentOf)
  wrapMethod(
    producer,
    'transaction',
    (original: NonNullable<Producer['transaction']>) =>
      async function transaction(this: unknown): Promise<Transaction> {
        const span = attempt('tracing a transaction', startTransaction, tracing, client)
        const begin = (): Promise<Transaction> => original.call(this as Producer)
        const begun = await (span ? span.begin(begin) : begin())
        if (span) current = span
        if ((begun as object) === this) ownCurrent = span
        else traceTransaction(tracing, client, begun, span)
        return begun
      },
  )
  wrapMethod(
    producer,
    'disconnect',
    (original: Producer['disconnect']) =>
      async function disconnect(this: unknown): Promise<void> {
        try {
          return await original.call(this as Producer)
        } finally {
          current?.end('abandoned', ABANDONED)
          current = ownCurrent = undefined
        }
      },
  )
}

/** Starts the span of a transaction; undefined when it must not be traced. */
export function startTransaction(tracing: KafkaTracing, client: Client): TransactionSpan | undefined {
  const active = contextApi.active()
  if (!tracing.settings.hasTracerProvider) return undefined
  if (decide(tracing.settings, active, undefined) !== 'trace') return undefined
  return new TransactionSpan(tracing, client, active)
}

/** The span of a transaction, from its start to its commit or abort. */
export class TransactionSpan {
  private readonly client: Client
  private readonly operation: Operation<KafkaOperation>

  constructor(tracing: KafkaTracing, client: Client, parent: Context) {
    const attributes: Attributes = {}
    client.addIdentity(attributes)
    this.client = client
    this.operation = new Operation<KafkaOperation>(tracing.settings, {
      kind: SpanKind.INTERNAL,
      name: 'transaction',
      attributes,
      parent,
    })
  }

  /** Begins the transaction; if that fails, the span ends with it. */
  async begin(begin: () => Promise<Transaction>): Promise<Transaction> {
    const { span, context } = this.operation
    try {
      // Ids only: kafkajs may open connections now, which retain the context they were opened in.
      return await contextApi.with(trace.setSpanContext(context, spanContextOf(span)), begin)
    } catch (error) {
      this.failed(error)
      throw error
    }
  }

  /** Ends the span of a transaction that failed to begin. */
  failed(error: unknown): void {
    this.operation.end(clientFailure(error))
  }

  /** Parent context for sends within the transaction. */
  contextIn(active: Context): Context {
    return this.operation.ended ? active : trace.setSpan(active, this.operation.span)
  }

  /** Ends the span with the commit or abort, which runs in the caller's context with only the ids of its span. */
  endWith(outcome: 'commit' | 'abort', work: () => Promise<void>): Promise<void> {
    const active = contextApi.active()
    const spanContext = traceOf(active)
    const byIds = spanContext ? trace.setSpanContext(active, spanContext) : active
    return runToEnd(this.operation, () => contextApi.with(byIds, work), {
      succeeded: () => this.end(outcome, SUCCESS),
      failed: error => this.end(outcome, clientFailure(error)),
    })
  }

  end(outcome: Outcome, ending: Ending): void {
    const attributes: Attributes = { [ATTR_SPANWRIGHT_MESSAGING_TRANSACTION_OUTCOME]: outcome }
    this.client.addIdentity(attributes)
    this.operation.end(ending, attributes)
  }
}

/** Traces the sends of a transaction, and ends its span with it. */
function traceTransaction(
  tracing: KafkaTracing,
  client: Client,
  transaction: Transaction,
  span: TransactionSpan | undefined,
): void {
  try {
    const parentOf = (active: Context): Context => span?.contextIn(active) ?? active
    traceSender(tracing, client, transaction, parentOf)
    traceOffsets(tracing, client, transaction, parentOf)
    endWith(() => span, transaction)
  } catch (error) {
    reportFailure('tracing a transaction', error)
  }
}

/** Ends the span of a transaction with its commit or abort. */
function endWith(spanNow: () => TransactionSpan | undefined, transaction: Partial<Transaction>): void {
  for (const outcome of ['commit', 'abort'] as const) {
    if (typeof transaction[outcome] !== 'function') continue
    wrapMethod(
      transaction,
      outcome,
      (original: Transaction['commit']) =>
        function end(this: unknown): Promise<void> {
          const work = (): Promise<void> => original.call(this as Transaction)
          return spanNow()?.endWith(outcome, work) ?? work()
        },
    )
  }
}
