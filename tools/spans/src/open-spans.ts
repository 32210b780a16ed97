import { subscribe, unsubscribe } from 'node:diagnostics_channel'

import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'

// As they are before a test replaces them.
const { setTimeout, clearTimeout } = globalThis

/** Milliseconds that a span may still need after the last test, on a busy machine. */
const PATIENCE = 10_000

/** Knows which spans of our packages have started and not ended. It keeps no span, as tests look for retained ones. */
export class OpenSpans {
  /** Descriptions by id. */
  private readonly open = new Map<string, string>()
  private onEmpty: (() => void) | undefined

  /** @param describe adds where a span was started */
  constructor(describe: () => string) {
    const add = (message: unknown): void => {
      const span = message as ReadableSpan
      const { name: scope } = span.instrumentationScope
      if (!scope.startsWith('@spanwright/')) return
      this.open.set(span.spanContext().spanId, `${span.name} of ${scope}, started in: ${describe()}`)
    }
    const remove = (message: unknown): void => {
      this.open.delete((message as ReadableSpan).spanContext().spanId)
      if (this.open.size === 0) this.onEmpty?.()
    }
    subscribe('spanwright.testing.start', add)
    subscribe('spanwright.testing.end', remove)
    this.stop = () => {
      unsubscribe('spanwright.testing.start', add)
      unsubscribe('spanwright.testing.end', remove)
    }
  }

  /** Stops watching. */
  readonly stop: () => void

  /** The spans that do not end, a line each. */
  async remaining(patience: number = PATIENCE): Promise<string[]> {
    if (this.open.size > 0) {
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, patience)
        this.onEmpty = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    return [...this.open.values()]
  }
}
