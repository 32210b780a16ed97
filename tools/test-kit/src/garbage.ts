import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

let collect: (() => void) | undefined

/** Collects all garbage synchronously. */
export function collectGarbage(): void {
  if (!collect) {
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc') as () => void
  }
  collect()
}

/** True once everything was collected; false when an object still exists after several collections. */
export async function areCollected(references: readonly WeakRef<object>[], rounds = 20): Promise<boolean> {
  for (let round = 0; round < rounds; round++) {
    await setImmediate()
    collectGarbage()
    if (references.every(reference => reference.deref() === undefined)) return true
  }
  return false
}
