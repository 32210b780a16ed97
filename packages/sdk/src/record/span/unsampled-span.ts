import type { Span, SpanContext } from '@opentelemetry/api'

import type { SpanIdentity } from './identity.ts'

/** A span that is not recorded: it only has a span context. */
export class UnsampledSpan implements Span {
  readonly identity: SpanIdentity

  constructor(identity: SpanIdentity) {
    this.identity = identity
  }

  spanContext(): SpanContext {
    return this.identity.spanContext
  }

  isRecording(): boolean {
    return false
  }

  setAttribute(): this {
    return this
  }

  setAttributes(): this {
    return this
  }

  addEvent(): this {
    return this
  }

  addLink(): this {
    return this
  }

  addLinks(): this {
    return this
  }

  setStatus(): this {
    return this
  }

  updateName(): this {
    return this
  }

  recordException(): void {}

  end(): void {}
}
