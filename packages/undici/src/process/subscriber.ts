import { guarded } from '@spanwright/core/plugin'

/** A subscriber of a channel. What it throws would become an uncaught exception of the process. */
export function subscriberOf(channel: string, read: (message: never) => void): (message: unknown) => void {
  return guarded(`following ${channel}`, read as (message: unknown) => void)
}
