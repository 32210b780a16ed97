import { reportFailure } from '@spanwright/core/plugin'

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

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const

/**
 * Does the last work when a process ends by a signal, an uncaught exception, or because nothing is left to
 * do, and then lets it end as it would have: by the signal, with the exception, with its exit code. Where the
 * app itself listens, it decides whether the process ends; then what there is is only sent.
 * @returns withdraws all of it
 */
export function beforeProcessEnds(work: LastWork): () => void {
  let ending = false

  function onSignal(signal: NodeJS.Signals): void {
    if (process.listenerCount(signal) > 1) {
      work.flush(false).catch((error: unknown) => reportFailure(`flush on ${signal}`, error))
      return
    }
    const end = (): void => {
      withdraw()
      process.kill(process.pid, signal)
    }
    // A second signal means that the first one should not be waited for.
    if (ending) end()
    else {
      ending = true
      work.finish().then(end, end)
    }
  }

  function onException(thrown: unknown): void {
    if (process.listenerCount('uncaughtException') > 1) {
      work.flush(false).catch((reason: unknown) => reportFailure('flush on an uncaught exception', reason))
      return
    }
    const end = (): void => {
      withdraw()
      // Out of every promise, so that it is uncaught once more and nobody is left to hold it up.
      setImmediate(() => {
        throw thrown
      })
    }
    if (ending) end()
    else {
      ending = true
      work.finish().then(end, end)
    }
  }

  function onIdle(): void {
    if (ending || !work.isNeeded()) return
    ending = true
    void work.flush(true).then(
      () => (ending = false),
      // What holds the process up now is the exporter alone.
      () => process.exit(),
    )
  }

  function withdraw(): void {
    for (const signal of SIGNALS) process.off(signal, onSignal)
    process.off('uncaughtException', onException)
    process.off('beforeExit', onIdle)
    process.off('exit', work.leftBehind)
  }

  for (const signal of SIGNALS) process.on(signal, onSignal)
  process.on('uncaughtException', onException)
  process.on('beforeExit', onIdle)
  process.on('exit', work.leftBehind)
  return withdraw
}
