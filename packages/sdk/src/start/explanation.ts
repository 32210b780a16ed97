import { attempt, isDebugging, takeDebugging } from '@spanwright/core/plugin'

/**
 * With `SPANWRIGHT_DEBUG=1`, has something said when the process ends, however it ends.
 * @returns says it now, if it has not been said
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
