import { beforeEnd } from '@spanwright/core/plugin'

/** What is done when a process is about to end. */
export interface LastWork {
  /** Whether there is anything to be done. */
  readonly isNeeded: () => boolean
  /**
   * Sends what there is while the process goes on.
   * @param isLast whether it ends then, as far as we know
   */
  readonly flush: (isLast: boolean) => Promise<void>
  /** Sends what there is for the last time; settles within a bounded time. */
  readonly finish: () => Promise<void>
  /** Told when the process ends at once, by `process.exit()`; nothing can be sent any more. */
  readonly leftBehind: () => void
}

const EVENTS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'uncaughtException'] as const

/**
 * Does the last work when a process ends by a signal, an uncaught exception, or because nothing is left to
 * do, and then lets it end as it would have: by the signal, with the exception, with its exit code. Where the
 * app itself listens, it decides whether the process ends; then what there is is only sent.
 * @returns withdraws all of it
 */
export function beforeProcessEnds(work: LastWork): () => void {
  let ending = false

  function onIdle(): void {
    if (ending || !work.isNeeded()) return
    ending = true
    void work.flush(true).then(
      () => (ending = false),
      // What holds the process up now is the exporter alone.
      () => process.exit(),
    )
  }

  const stopWatching = beforeEnd(EVENTS, {
    flush: () => work.flush(false),
    finish: () => {
      ending = true
      return work.finish()
    },
  })
  process.on('beforeExit', onIdle)
  process.on('exit', work.leftBehind)
  return () => {
    stopWatching()
    process.off('beforeExit', onIdle)
    process.off('exit', work.leftBehind)
  }
}
