import type { Context, TextMapGetter, TextMapPropagator, TextMapSetter } from '@opentelemetry/api'
import { attempt, reportFailure } from '@spanwright/core/plugin'

/** Calls propagators in order: later ones see what earlier ones extracted, and overwrite what they injected. */
export class CompositePropagator implements TextMapPropagator {
  private readonly propagators: readonly TextMapPropagator[]
  private readonly names: readonly string[]

  constructor(propagators: readonly TextMapPropagator[]) {
    this.propagators = propagators
    this.names = [...new Set(propagators.flatMap(fieldsOf))]
  }

  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    for (const propagator of this.propagators) {
      try {
        propagator.inject(context, carrier, setter)
      } catch (error) {
        reportFailure('injecting a context', error)
      }
    }
  }

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    let found = context
    for (const propagator of this.propagators) {
      try {
        found = propagator.extract(found, carrier, getter)
      } catch (error) {
        reportFailure('extracting a context', error)
      }
    }
    return found
  }

  fields(): string[] {
    return [...this.names]
  }
}

/** Of one that fails or answers with something else: none. */
function fieldsOf(propagator: TextMapPropagator): string[] {
  const fields: unknown = attempt('asking a propagator for its fields', () => propagator.fields())
  return Array.isArray(fields) ? fields.filter(field => typeof field === 'string') : []
}
