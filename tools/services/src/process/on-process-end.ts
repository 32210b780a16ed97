const cleanups = new Set<() => void>()
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

function cleanUp(): void {
  for (const cleanup of cleanups) cleanup()
  cleanups.clear()
}

function endBySignal(signal: NodeJS.Signals): void {
  // Another handler decides when the process ends; the exit event follows later.
  if (process.listenerCount(signal) > 1) return
  cleanUp()
  unlisten()
  process.kill(process.pid, signal)
}

function listen(): void {
  process.on('exit', cleanUp)
  for (const signal of signals) process.on(signal, endBySignal)
}

function unlisten(): void {
  process.off('exit', cleanUp)
  for (const signal of signals) process.off(signal, endBySignal)
}

/** Runs a synchronous clean-up when this process exits, fails or is terminated; returns a function that cancels it. */
export function onProcessEnd(cleanup: () => void): () => void {
  if (cleanups.size === 0) listen()
  cleanups.add(cleanup)
  return () => {
    cleanups.delete(cleanup)
    if (cleanups.size === 0) unlisten()
  }
}
