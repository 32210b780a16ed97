import { guarded } from '@spanwright/core/plugin'

/** A channel subscriber that never throws: an error would become an uncaught exception of the process. */
export function subscriberOf(channel: string, read: (message: never) => void): (message: unknown) => void {
  return guarded(`following ${channel}`, read as (message: unknown) => void)
}
