import { errorCode } from '../../wire/error-code.ts'
import type { RecordBatch } from './record-batch.ts'

interface AppendedBatch {
  firstSequence: number
  lastSequence: number
  baseOffset: number
}

interface ProducerState {
  epoch: number
  recent: AppendedBatch[]
}

const remembered = 5
const sequences = 2 ** 31

/** The batches of idempotent producers in a partition, to refuse gaps and to recognise batches sent again. */
export class ProducerSequences {
  #producers = new Map<number, ProducerState>()

  /** Returns whether a batch may be appended, and its offset when it was already appended. */
  check(batch: RecordBatch): { error: number; duplicateOf?: number } {
    const producer = this.#producers.get(batch.producerId)
    if (batch.producerId < 0 || producer === undefined) return { error: errorCode.none }
    if (batch.producerEpoch < producer.epoch) return { error: errorCode.invalidProducerEpoch }
    if (batch.producerEpoch > producer.epoch) return { error: expects(0, batch) }
    const duplicate = producer.recent.find(
      known => known.firstSequence === batch.firstSequence && known.lastSequence === lastSequence(batch),
    )
    if (duplicate !== undefined) return { error: errorCode.none, duplicateOf: duplicate.baseOffset }
    const last = producer.recent.at(-1)
    return {
      error: last === undefined ? errorCode.none : expects((last.lastSequence + 1) % sequences, batch),
    }
  }

  /** Records an appended batch. */
  note(batch: RecordBatch, baseOffset: number): void {
    if (batch.producerId < 0) return
    let producer = this.#producers.get(batch.producerId)
    if (producer === undefined || producer.epoch < batch.producerEpoch) {
      producer = { epoch: batch.producerEpoch, recent: [] }
      this.#producers.set(batch.producerId, producer)
    }
    if (batch.isControl) return
    const { firstSequence } = batch
    producer.recent.push({ firstSequence, lastSequence: lastSequence(batch), baseOffset })
    if (producer.recent.length > remembered) producer.recent.shift()
  }
}

function lastSequence(batch: RecordBatch): number {
  return (batch.firstSequence + batch.lastOffsetDelta) % sequences
}

function expects(sequence: number, batch: RecordBatch): number {
  return batch.firstSequence === sequence ? errorCode.none : errorCode.outOfOrderSequenceNumber
}
