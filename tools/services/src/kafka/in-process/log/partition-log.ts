import { errorCode } from '../../wire/error-code.ts'
import { ProducerSequences } from './producer-sequences.ts'
import { firstRecordSince, transactionMarker, type RecordBatch } from './record-batch.ts'

/** Kafka's default for message.max.bytes. */
const longestBatch = 1_048_588

interface StoredBatch extends RecordBatch {
  baseOffset: number
}

/** A transaction that was rolled back, with the range of offsets that can contain its records. */
export interface AbortedTransaction {
  producerId: number
  firstOffset: number
  lastOffset: number
}

/** The result of a fetch from a partition. */
export interface LogSlice {
  bytes: Buffer
  aborted: AbortedTransaction[]
}

/** The records of one partition, in memory. */
export class PartitionLog {
  #batches: StoredBatch[] = []
  #endOffset = 0
  #sequences = new ProducerSequences()
  #openTransactions = new Map<number, number>()
  #aborted: AbortedTransaction[] = []
  #listeners = new Set<() => void>()

  /** The offset of the next record. */
  get endOffset(): number {
    return this.#endOffset
  }

  /** The offset before which every transaction is decided. */
  get stableOffset(): number {
    return Math.min(this.#endOffset, ...this.#openTransactions.values())
  }

  /** Appends a producer's batch and returns its offset or the error. */
  append(batch: RecordBatch): { error: number; baseOffset: number } {
    const refused = refusal(batch)
    const { error, duplicateOf } = this.#sequences.check(batch)
    const problem = refused === errorCode.none ? error : refused
    if (problem !== errorCode.none) return { error: problem, baseOffset: -1 }
    if (duplicateOf !== undefined) return { error: errorCode.none, baseOffset: duplicateOf }
    if (batch.isTransactional && !this.#openTransactions.has(batch.producerId)) {
      this.#openTransactions.set(batch.producerId, this.#endOffset)
    }
    return { error: errorCode.none, baseOffset: this.#store(batch) }
  }

  /** Ends a producer's transaction in this partition. */
  endTransaction(producerId: number, producerEpoch: number, committed: boolean): void {
    const firstOffset = this.#openTransactions.get(producerId)
    this.#openTransactions.delete(producerId)
    const lastOffset = this.#endOffset
    if (!committed && firstOffset !== undefined) this.#aborted.push({ producerId, firstOffset, lastOffset })
    this.#store(transactionMarker(producerId, producerEpoch, committed))
  }

  /** Complete batches, beginning with the one that contains `offset`: at least one, more while they fit into `maxBytes`. */
  read(offset: number, maxBytes: number, committedOnly: boolean): LogSlice {
    const limit = committedOnly ? this.stableOffset : this.#endOffset
    const chunks: Buffer[] = []
    let size = 0
    let lastOffset = -1
    for (let at = this.#indexOf(offset); at < this.#batches.length; at++) {
      const batch = this.#batches[at]
      if (batch === undefined || batch.baseOffset >= limit) break
      if (size > 0 && size + batch.bytes.length > maxBytes) break
      chunks.push(batch.bytes)
      size += batch.bytes.length
      lastOffset = batch.baseOffset + batch.lastOffsetDelta
    }
    const aborted = committedOnly
      ? this.#aborted.filter(one => one.lastOffset >= offset && one.firstOffset <= lastOffset)
      : []
    return { bytes: Buffer.concat(chunks), aborted }
  }

  /** The first record that isn't older than `timestamp`, in milliseconds. */
  since(timestamp: number): { offset: number; timestamp: number } {
    const batch = this.#batches.find(one => one.maxTimestamp >= timestamp && !one.isControl)
    if (batch === undefined) return { offset: -1, timestamp: -1 }
    const record = firstRecordSince(batch, timestamp)
    return { offset: batch.baseOffset + record.delta, timestamp: record.timestamp }
  }

  /** Calls `listener` whenever records were appended; returns a function that removes it. */
  onAppend(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #store(batch: RecordBatch): number {
    const baseOffset = this.#endOffset
    batch.bytes.writeBigInt64BE(BigInt(baseOffset))
    // The leader epoch, which the checksum excludes, like the offset.
    batch.bytes.writeInt32BE(0, 12)
    this.#batches.push({ ...batch, baseOffset })
    this.#sequences.note(batch, baseOffset)
    this.#endOffset += batch.lastOffsetDelta + 1
    for (const listener of this.#listeners) listener()
    return baseOffset
  }

  #indexOf(offset: number): number {
    let low = 0
    let high = this.#batches.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const batch = this.#batches[middle]
      if (batch !== undefined && batch.baseOffset + batch.lastOffsetDelta < offset) low = middle + 1
      else high = middle
    }
    return low
  }
}

function refusal(batch: RecordBatch): number {
  if (batch.magic !== 2) return errorCode.unsupportedForMessageFormat
  if (!batch.intact || batch.isControl || batch.lastOffsetDelta < 0) return errorCode.corruptMessage
  return batch.bytes.length > longestBatch ? errorCode.messageTooLarge : errorCode.none
}
