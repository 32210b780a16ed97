import * as Sentry from '@sentry/node'

import type { SdkState } from '../protocol.ts'
import { Callers } from '../scenario.ts'

/** Starts Sentry with its defaults, towards a sink in the place of its service. */
export function startSentry(state: SdkState, sink: string): void {
  const dsn = new URL('/1', new URL(sink).origin)
  dsn.username = 'bench'
  Sentry.init({ dsn: dsn.href, tracesSampleRate: state === 'exported' ? 1 : 0 })
  Callers.unitOfWork = work => Sentry.startSpan({ name: 'work' }, work)
}
