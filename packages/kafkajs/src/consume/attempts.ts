import { type Ending, SUCCESS } from '@spanwright/core/plugin'

import { kafkaFailure } from '../failure.ts'
import type { Partition } from './message.ts'

/**
 * Counts how many times in a row a consumer received the same message or batch because its handler failed. Holds one
 * entry per partition whose last handler failed.
 */
export class Attempts {
  private readonly failed = new Map<string, { readonly offset: string; readonly times: number }>()

  /** Number of the attempt that begins now, starting at 1. */
  next(topic: string, partition: number, offset: string): number {
    if (this.failed.size === 0) return 1
    const last = this.failed.get(keyOf(topic, partition))
    return last?.offset === offset ? last.times + 1 : 1
  }

  /**
   * The settlement of an attempt for `runToEnd()`: counts its outcome, then ends its operation.
   * @param first the first message
   */
  settlement(
    place: Partition,
    first: { readonly offset: string } | undefined,
    end: (ending: Ending) => void,
  ): { succeeded(): void; failed(error: unknown): void } {
    return {
      succeeded: () => {
        if (this.failed.size > 0) this.failed.delete(keyOf(place.topic, place.partition))
        end(SUCCESS)
      },
      failed: error => {
        if (first) this.add(place, first.offset)
        end(kafkaFailure(error))
      },
    }
  }

  private add({ topic, partition }: Partition, offset: string): void {
    const times = this.next(topic, partition, offset)
    this.failed.set(keyOf(topic, partition), { offset, times })
  }
}

function keyOf(topic: string, partition: number): string {
  return `${topic}/${partition}`
}
