import type { Context, TextMapGetter, TextMapPropagator, TextMapSetter } from '@opentelemetry/api'

import { watchers } from './watch.ts'

/** A propagator that shows the watchers of a test what it injects. */
export class WatchedPropagator implements TextMapPropagator {
  private readonly inner: TextMapPropagator

  constructor(inner: TextMapPropagator) {
    this.inner = inner
  }

  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    this.inner.inject(context, carrier, {
      set(target, key, value) {
        for (const watcher of watchers) watcher.field(key, value)
        setter.set(target, key, value)
      },
    })
  }

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    return this.inner.extract(context, carrier, getter)
  }

  fields(): string[] {
    return this.inner.fields()
  }
}
