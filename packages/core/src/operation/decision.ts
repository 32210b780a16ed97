import type { Context } from '@opentelemetry/api'

import { callHook } from '../host/guard.ts'
import { isInTrace, isTracingSuppressed, propagatedFields } from './propagation.ts'
import type { Settings } from './settings.ts'

/** What to do with an operation: trace it, skip it, or also suppress tracing of the work beneath it. */
export type Decision = 'trace' | 'skip' | 'ignore'

/** Decides on an operation before anything is built for it. `record` is needed only when there are hooks. */
export function decide<Described>(
  settings: Settings<Described>,
  parent: Context,
  record: Described | undefined,
): Decision {
  settings.use.operations += 1
  if (isTracingSuppressed(parent)) return 'skip'
  if (settings.requireParent && !isInTrace(parent)) return 'skip'
  const { ignore } = settings.options
  if (ignore && record !== undefined && callHook('ignore', ignore, record)) return 'ignore'
  return 'trace'
}

/**
 * False when an operation would not be recorded: no SDK is registered, and there are no hooks.
 * @param isMeasured whether a metric records it
 */
export function isObserved<Described>(settings: Settings<Described>, isMeasured: boolean): boolean {
  return isMeasured || settings.hasHooks || settings.hasTracerProvider
}

/** True when an operation can be left alone: it is not observed, and no context is propagated with it. */
export function isIdle<Described>(settings: Settings<Described>, isMeasured: boolean): boolean {
  return !isObserved(settings, isMeasured) && propagatedFields(settings).length === 0
}
