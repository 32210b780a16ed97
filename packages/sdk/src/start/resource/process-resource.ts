import type { Attributes, AttributeValue } from '@opentelemetry/api'
import { isThenable, reportFailure } from '@spanwright/core/plugin'

import { cleanValue } from '../../record/span/values.ts'
import type { SpanResource } from '../../record/types.ts'

/** Resource attributes, some of which may still be on their way. */
export type ResourceAttributes = Readonly<
  Record<string, AttributeValue | undefined | Promise<AttributeValue | undefined>>
>

/** What is known of this process. */
export class ProcessResource implements SpanResource {
  private readonly known: Attributes = {}
  private readonly pending = new Map<string, Promise<AttributeValue | undefined>>()

  /** @param sources later ones take precedence */
  constructor(...sources: readonly ResourceAttributes[]) {
    for (const source of sources) {
      for (const [key, value] of Object.entries(source)) {
        if (value === undefined || value === null) continue
        this.pending.delete(key)
        if (isThenable(value)) this.pending.set(key, value)
        else {
          const own = cleanValue(key, value, Infinity)
          if (own !== undefined) this.known[key] = own
        }
      }
    }
  }

  get attributes(): Attributes {
    return this.known
  }

  get asyncAttributesPending(): boolean {
    return this.pending.size > 0
  }

  /** Settles when all attributes are known; one that cannot be found is left out, or has the value of an earlier source. */
  async waitForAsyncAttributes(): Promise<void> {
    await Promise.all([...this.pending].map(([key, value]) => this.settle(key, value)))
  }

  /** The same resource with other values. */
  map(change: (key: string, value: unknown) => unknown): ProcessResource {
    const changed = new ProcessResource()
    for (const [key, value] of Object.entries(this.known))
      changed.known[key] = change(key, value) as AttributeValue
    for (const [key, value] of this.pending) {
      const later = value.then(settled => change(key, settled) as AttributeValue | undefined)
      changed.pending.set(key, later)
    }
    return changed
  }

  // The interface of OpenTelemetry's resources has these two, for readers and processors that use them.

  merge(other: SpanResource | null): ProcessResource {
    return new ProcessResource(this.known, Object.fromEntries(this.pending), other?.attributes ?? {})
  }

  getRawAttributes(): [string, AttributeValue | Promise<AttributeValue | undefined> | undefined][] {
    return [...this.pending, ...Object.entries(this.known)]
  }

  private async settle(key: string, value: Promise<AttributeValue | undefined>): Promise<void> {
    try {
      const settled = await value
      if (settled !== undefined) this.known[key] = settled
    } catch (error) {
      reportFailure(`finding out ${key}`, error)
    }
    this.pending.delete(key)
  }
}
