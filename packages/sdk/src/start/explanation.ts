import { attempt, isDebugging, takeDebugging } from '@spanwright/core/plugin'

/**
 * With `SPANWRIGHT_DEBUG=1`, calls `explain` when the process ends, however it ends.
 * @returns a function that explains now, unless that was already done
 */
export function atEnd(explain: () => void): () => void {
  if (!isDebugging()) return () => {}
  takeDebugging()
  const once = (): void => {
    process.off('exit', once)
    attempt('reporting at the end', explain)
  }
  process.on('exit', once)
  return once
}
