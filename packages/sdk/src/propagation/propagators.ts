import type { TextMapPropagator } from '@opentelemetry/api'

import { B3Propagator } from './b3.ts'
import { BaggagePropagator } from './baggage.ts'
import { CompositePropagator } from './composite.ts'
import type { Environment } from '../start/environment.ts'
import { JaegerPropagator } from './jaeger.ts'
import { TraceContextPropagator } from './trace-context.ts'

/** Names of propagators, as in `OTEL_PROPAGATORS`. */
export type PropagatorName = 'tracecontext' | 'baggage' | 'b3' | 'b3multi' | 'jaeger'

const MAKERS: Readonly<Record<PropagatorName, (randomTraceIds: boolean) => TextMapPropagator>> = {
  tracecontext: randomTraceIds => new TraceContextPropagator({ randomTraceIds }),
  baggage: () => new BaggagePropagator(),
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
    typeof one === 'string' ? MAKERS[one](randomTraceIds) : one,
  )
  return new CompositePropagator(propagators)
}
