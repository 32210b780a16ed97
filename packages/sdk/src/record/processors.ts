import type { Context } from '@opentelemetry/api'
import { isThenable, reportFailure } from '@spanwright/core/plugin'

import type { ReadableSpan, RecordedSpan, SpanProcessor } from './types.ts'

/** The user's processors, called in order; an error is reported, and the next processor is called. */
export class Processors {
  private readonly list: readonly SpanProcessor[]
  private readonly ending: readonly SpanProcessor[]

  constructor(list: readonly SpanProcessor[]) {
    this.list = list
    this.ending = list.filter(processor => typeof processor.onEnding === 'function')
  }

  get isEmpty(): boolean {
    return this.list.length === 0
  }

  onStart(span: RecordedSpan, parentContext: Context): void {
    for (const processor of this.list) {
      try {
        hearOf('onStart', processor.onStart(span, parentContext))
      } catch (error) {
        reportFailure('onStart of a span processor', error)
      }
    }
  }

  onEnding(span: RecordedSpan): void {
    for (const processor of this.ending) {
      try {
        hearOf('onEnding', processor.onEnding?.(span))
      } catch (error) {
        reportFailure('onEnding of a span processor', error)
      }
    }
  }

  onEnd(span: ReadableSpan): void {
    for (const processor of this.list) {
      try {
        hearOf('onEnd', processor.onEnd(span))
      } catch (error) {
        reportFailure('onEnd of a span processor', error)
      }
    }
  }

  async forceFlush(): Promise<void> {
    await Promise.all(this.list.map(async processor => processor.forceFlush()))
  }

  async shutdown(): Promise<void> {
    await Promise.all(this.list.map(async processor => processor.shutdown()))
  }
}

/** A processor may return a promise, contrary to the specification; an unhandled rejection would end the process. */
function hearOf(method: string, answer: unknown): void {
  if (answer === undefined || !isThenable(answer)) return
  answer.then(undefined, (error: unknown) => reportFailure(`${method} of a span processor`, error))
}
