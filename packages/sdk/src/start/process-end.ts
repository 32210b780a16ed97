import { beforeEnd } from '@spanwright/core/plugin'

/** Work to do when a process is about to end. */
export interface LastWork {
  /** Whether there is anything to do. */
  readonly isNeeded: () => boolean
  /**
   * Sends waiting data while the process continues.
   * @param isLast whether the process probably ends afterwards
   */
  readonly flush: (isLast: boolean) => Promise<void>
  /** Sends waiting data for the last time; settles within a bounded time. */
  readonly finish: () => Promise<void>
  /** Called when the process ends immediately, by `process.exit()`; nothing can be sent any more. */
  readonly leftBehind: () => void
}

const EVENTS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'uncaughtException'] as const

/**
 * Does the last work when a process ends by a signal, an uncaught exception or a normal exit, and then lets it end as
 * it would have: by the signal, with the exception, or with its exit code. If the app itself handles the event, it
 * decides whether the process ends; then waiting data is only sent.
 * @returns a function that withdraws the work
 */
export function beforeProcessEnds(work: LastWork): () => void {
  let ending = false

  function onIdle(): void {
    if (ending || !work.isNeeded()) return
    ending = true
    void work.flush(true).then(
      () => (ending = false),
      // Only the exporter keeps the process alive now.
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
