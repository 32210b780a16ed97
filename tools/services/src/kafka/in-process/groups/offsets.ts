/** The offset that a group committed for a partition, with its metadata. */
export interface CommittedOffset {
  offset: number
  metadata: string | null
}

/** A committed offset with its topic and partition. */
export interface OffsetCommit extends CommittedOffset {
  topic: string
  partition: number
}

/** The committed offsets of a group. */
export class CommittedOffsets {
  #offsets = new Map<string, Map<number, CommittedOffset>>()

  commit({ topic, partition, offset, metadata }: OffsetCommit): void {
    const partitions = this.#offsets.get(topic) ?? new Map<number, CommittedOffset>()
    partitions.set(partition, { offset, metadata })
    this.#offsets.set(topic, partitions)
  }

  /** Offset -1 when nothing was committed. */
  get(topic: string, partition: number): CommittedOffset {
    return this.#offsets.get(topic)?.get(partition) ?? { offset: -1, metadata: '' }
  }

  /** Every topic and partition with a committed offset. */
  all(): { topic: string; partitions: number[] }[] {
    return [...this.#offsets].map(([topic, partitions]) => ({ topic, partitions: [...partitions.keys()] }))
  }
}
