import { diag } from '@opentelemetry/api'

import { placeOf } from './advice.ts'
import type { OtlpTarget } from './target.ts'

/** Says once that there is no collector, and the ways out. */
export function adviseOnce(target: OtlpTarget): (reason: string) => void {
  let isSaid = false
  return reason => {
    if (isSaid) return
    isSaid = true
    diag.warn(
      `spanwright: no collector answers at ${placeOf(target)}: ${reason}. Start one there, name another by ` +
        "OTEL_EXPORTER_OTLP_ENDPOINT, run the app in the viewer (npx @spanwright/viewer -- node app.js), or print traces with exporter: 'console'",
    )
  }
}
