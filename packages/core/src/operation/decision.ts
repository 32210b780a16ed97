import type { Context } from '@opentelemetry/api'

import { callHook } from '../host/guard.ts'
import { isInTrace, isTracingSuppressed, propagatedFields } from './propagation.ts'
import type { Settings } from './settings.ts'

/** What is to be done with a piece of work: trace it, leave it alone, or leave alone all beneath it too. */
export type Decision = 'trace' | 'skip' | 'ignore'

/** Decides on a piece of work before anything is built for it. `record` is needed only when there are hooks. */
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
 * False when nobody would see anything of a piece of work: no SDK is registered, and no hook wants to know of it.
 * @param isMeasured whether there is a metric of it
 */
export function isObserved<Described>(settings: Settings<Described>, isMeasured: boolean): boolean {
  return isMeasured || settings.hasHooks || settings.hasTracerProvider
}

/** True when a piece of work need not be looked at: nobody observes it, and no context comes or goes with it. */
export function isIdle<Described>(settings: Settings<Described>, isMeasured: boolean): boolean {
  return !isObserved(settings, isMeasured) && propagatedFields(settings).length === 0
}
