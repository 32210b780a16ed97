import tracer from 'dd-trace'

import type { SdkState } from '../protocol.ts'
import { Callers } from '../scenario.ts'

/** Starts Datadog's tracer with its defaults, towards a sink in the place of an agent. */
export function startDatadog(state: SdkState, sink: string): void {
  tracer.init({
    url: new URL(sink).origin,
    service: 'bench',
    sampleRate: state === 'exported' ? 1 : 0,
    // Without it all but 100 traces a second are left out.
    rateLimit: -1,
    startupLogs: false,
  })
  Callers.unitOfWork = work => tracer.trace('work', work)
}
