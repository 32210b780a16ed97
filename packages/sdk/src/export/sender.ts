import { attempt, isThenable } from '@spanwright/core/plugin'

import { within } from '../start/deadline.ts'
import type { ExportResult, SpanExporter } from '../record/types.ts'
import type { Batch, ByteBatch, ObjectBatch } from './batch.ts'
import { ConsoleExporter } from './console/exporter.ts'
import type { AbsentCollector } from './otlp/absent.ts'
import type { Delivery } from './otlp/delivery.ts'
import { type Answer, refused } from './otlp/transport.ts'

/** Sends batches, one at a time. */
export interface Sender<Kind extends Batch = Batch> {
  /** Maximum milliseconds that spans should wait for a batch to fill. */
  readonly patience: number
  /**
   * Sends a batch; never rejects, and settles within the timeout.
   * @param timeout in milliseconds
   */
  send(batch: Kind, timeout: number): Promise<Answer>
  /** Sends what the exporter itself still holds. */
  flush(): Promise<void>
  /**
   * Stops retrying an unreachable endpoint.
   * @returns a function that allows retries again
   */
  hurry(): () => void
  /**
   * Abandons the current batch.
   * @returns why it has no outcome, if there is a current batch
   */
  giveUp(): string | undefined
  /** Closes open resources. */
  close(): Promise<void>
}

/** Delay in milliseconds for a developer who watches the traces. */
const WATCHED = 50

/** Sends bytes over OTLP. */
export class ByteSender implements Sender<ByteBatch> {
  private readonly delivery: Delivery
  private readonly timeout: number
  private readonly absent: AbsentCollector
  private isAnswered = false

  /**
   * @param timeout upper limit for one batch in milliseconds, even if the queue allows more
   * @param absent handles a missing collector
   */
  constructor(delivery: Delivery, timeout: number, absent: AbsentCollector) {
    this.delivery = delivery
    this.timeout = timeout
    this.absent = absent
  }

  /** A developer should not have to wait to learn whether a collector is running. */
  get patience(): number {
    const { isPrinting, canPrint } = this.absent
    return isPrinting || (canPrint && !this.isAnswered) ? WATCHED : Infinity
  }

  async send({ parts }: ByteBatch, timeout: number): Promise<Answer> {
    const { absent, delivery } = this
    // A developer who watches the traces should not wait for repeated attempts to reach a missing collector.
    const endHurry = absent.canPrint ? delivery.hurry() : undefined
    const answer = await delivery.deliver(parts, Math.min(timeout, this.timeout))
    endHurry?.()
    this.isAnswered = true
    if (answer.kind === 'accepted') absent.isPrinting = false
    else if (absent.isPrinting) absent.print(parts)
    return answer
  }

  async flush(): Promise<void> {}

  hurry(): () => void {
    return this.delivery.hurry()
  }

  giveUp(): string | undefined {
    return this.delivery.giveUp()
  }

  async close(): Promise<void> {
    this.delivery.close()
    await this.absent.end()
  }
}

/** Milliseconds for closing an exporter whose last batch has already been counted. */
const GRACE = 500

/** Passes spans to an OpenTelemetry exporter, which may throw, call back twice or never. */
export class ObjectSender implements Sender<ObjectBatch> {
  readonly patience: number
  private readonly exporter: SpanExporter
  private timeout = Infinity
  private isLate = false
  private drop: ((answer: Answer) => void) | undefined

  constructor(exporter: SpanExporter) {
    this.exporter = exporter
    this.patience = exporter instanceof ConsoleExporter ? WATCHED : Infinity
  }

  send({ list }: ObjectBatch, timeout: number): Promise<Answer> {
    this.timeout = timeout
    return new Promise(resolve => {
      const expire = (): void => {
        this.isLate = true
        settle(refused(`no answer within ${timeout} ms`))
      }
      const timer = timeout < Infinity ? setTimeout(expire, timeout).unref() : undefined
      const settle = (answer: Answer): void => {
        clearTimeout(timer)
        this.drop = undefined
        resolve(answer)
      }
      this.drop = settle
      try {
        const returned: unknown = this.exporter.export(list, result => settle(answerOf(result)))
        // Exporters mistakenly declared async reject instead of throwing.
        if (isThenable(returned)) returned.then(undefined, (error: unknown) => settle(refused(String(error))))
      } catch (error) {
        settle(refused(String(error)))
      }
    })
  }

  async flush(): Promise<void> {
    await this.withPatience(this.exporter.forceFlush?.())
  }

  /** A foreign exporter decides itself how often it retries. */
  hurry(): () => void {
    return () => {}
  }

  giveUp(): string | undefined {
    if (!this.drop) return undefined
    this.drop(refused('given up'))
    return 'no answer'
  }

  async close(): Promise<void> {
    await this.withPatience(this.exporter.shutdown())
  }

  /** An exporter that timed out once still waits for that batch; it has been counted, so we do not wait. */
  private async withPatience(work: Promise<void> | undefined): Promise<void> {
    if (work) await within(this.isLate ? GRACE : Math.min(this.timeout, 2 ** 31 - 1), work)
  }
}

const ACCEPTED: Answer = { kind: 'accepted', rejected: 0, message: undefined }

/** The outcome reported by an exporter, in any form. */
function answerOf(result: ExportResult | null | undefined): Answer {
  const { code, error } = attempt('reading the answer of an exporter', () => ({ ...result })) ?? {}
  return code === 0 ? ACCEPTED : refused(error?.message || 'the exporter gave no reason')
}
