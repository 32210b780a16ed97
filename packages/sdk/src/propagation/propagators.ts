import type { TextMapPropagator } from '@opentelemetry/api'
import { CompositePropagator, W3CBaggagePropagator } from '@opentelemetry/core'

import { attempt } from '@spanwright/core/plugin'

import { B3Propagator } from './b3.ts'
import type { Environment } from '../start/environment.ts'
import { JaegerPropagator } from './jaeger.ts'
import { TraceContextPropagator } from './trace-context.ts'

/** Names of propagators, as in `OTEL_PROPAGATORS`. */
export type PropagatorName = 'tracecontext' | 'baggage' | 'b3' | 'b3multi' | 'jaeger'

const MAKERS: Readonly<Record<PropagatorName, (randomTraceIds: boolean) => TextMapPropagator>> = {
  tracecontext: randomTraceIds => new TraceContextPropagator({ randomTraceIds }),
  baggage: () => new W3CBaggagePropagator(),
  b3: () => new B3Propagator('single'),
  b3multi: () => new B3Propagator('multi'),
  jaeger: () => new JaegerPropagator(),
}

export const PROPAGATOR_NAMES: readonly PropagatorName[] = Object.keys(MAKERS) as PropagatorName[]

/** Creates one propagator from those selected by the option or by `OTEL_PROPAGATORS`. */
export function makePropagator(
  choice: readonly (PropagatorName | TextMapPropagator)[] | undefined,
  environment: Environment,
  randomTraceIds: boolean,
): TextMapPropagator {
  const named = environment.text('OTEL_PROPAGATORS')?.toLowerCase()
  const listed =
    choice ??
    (named === 'none'
      ? []
      : environment.listOf('OTEL_PROPAGATORS', PROPAGATOR_NAMES, ['tracecontext', 'baggage']))
  const propagators = [...new Set(listed)].map(one =>
    typeof one === 'string' ? MAKERS[one](randomTraceIds) : withSafeFields(one),
  )
  return new CompositePropagator({ propagators })
}

/** A composite propagator reads the fields of its parts when it is created, which must not fail the application. */
function withSafeFields(propagator: TextMapPropagator): TextMapPropagator {
  return {
    inject: (context, carrier, setter) => propagator.inject(context, carrier, setter),
    extract: (context, carrier, getter) => propagator.extract(context, carrier, getter),
    fields() {
      const fields: unknown = attempt('asking a propagator for its fields', () => propagator.fields())
      return Array.isArray(fields) ? fields.filter(field => typeof field === 'string') : []
    },
  }
}
