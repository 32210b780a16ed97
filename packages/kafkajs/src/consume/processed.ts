import { type Context, createContextKey, type SpanContext } from '@opentelemetry/api'

const PROCESSED = createContextKey('spanwright messages in process')

/**
 * A context that records which messages are being processed in it, by the contexts they carried. It holds only ids, so
 * the messages themselves can be garbage-collected.
 */
export function whileProcessing(context: Context, carried: readonly SpanContext[]): Context {
  return carried.length > 0 ? context.setValue(PROCESSED, new Processed(carried)) : context
}

/** True when a message that carries this context is being processed, so that sending it is a forward. */
export function isBeingProcessed(context: Context, carried: SpanContext): boolean {
  const processed = context.getValue(PROCESSED)
  return processed instanceof Processed && processed.has(carried)
}

class Processed {
  private readonly carried: readonly SpanContext[]
  private ids: Set<string> | undefined

  constructor(carried: readonly SpanContext[]) {
    this.carried = carried
  }

  has(wanted: SpanContext): boolean {
    this.ids ??= new Set(this.carried.map(idOf))
    return this.ids.has(idOf(wanted))
  }
}

function idOf({ traceId, spanId }: SpanContext): string {
  return traceId + spanId
}
