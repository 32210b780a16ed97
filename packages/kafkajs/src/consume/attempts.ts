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

  /** Notes that an attempt failed. */
  add(topic: string, partition: number, offset: string): void {
    const times = this.next(topic, partition, offset)
    this.failed.set(keyOf(topic, partition), { offset, times })
  }

  /** Notes that an attempt succeeded. */
  clear(topic: string, partition: number): void {
    if (this.failed.size > 0) this.failed.delete(keyOf(topic, partition))
  }
}

function keyOf(topic: string, partition: number): string {
  return `${topic}/${partition}`
}
