import { alwaysOff, alwaysOn, parentBased, startTracing } from '@spanwright/sdk'

import type { SdkState } from '../protocol.ts'
import type { Telemetry } from './telemetry.ts'

/** Starts this project's own SDK, which sends over OTLP as it does by default. */
export function startSpanwright(state: SdkState, sink: string): Telemetry {
  const tracing = startTracing({
    serviceName: 'bench',
    sampler: parentBased(state === 'exported' ? alwaysOn() : alwaysOff()),
    exporter: { url: `${sink}/v1/traces` },
    metrics: { url: `${sink}/v1/metrics` },
  })
  return {
    get recorded() {
      return tracing.counts().ended
    },
    flush: () => tracing.forceFlush(),
  }
}
