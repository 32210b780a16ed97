import type { Groups } from './groups/groups.ts'
import type { OffsetCommit } from './groups/offsets.ts'
import type { PartitionLog } from './log/partition-log.ts'
import { errorCode } from '../wire/error-code.ts'

interface Transaction {
  producerId: number
  epoch: number
  timeout: number
  state: 'none' | 'ongoing' | 'committed' | 'aborted'
  partitions: Set<PartitionLog>
  offsets: Map<string, OffsetCommit[]>
  timer: NodeJS.Timeout | undefined
}

/** The producer that a transactional request names. */
export interface ProducerIdentity {
  transactionalId: string
  producerId: number
  epoch: number
}

/** Producer ids and the transactions written under them. */
export class Transactions {
  #nextProducerId = 0
  #byId = new Map<string, Transaction>()
  #groups: Groups

  constructor(groups: Groups) {
    this.#groups = groups
  }

  /** A producer id; with a transactional id the same one with a higher epoch, which fences earlier producers. */
  initProducer(
    transactionalId: string | null,
    timeout: number,
  ): { error: number; producerId: number; epoch: number } {
    if (transactionalId === '') return { error: errorCode.invalidRequest, producerId: -1, epoch: -1 }
    const known = transactionalId === null ? undefined : this.#byId.get(transactionalId)
    if (known !== undefined) {
      known.epoch++
      known.timeout = timeout
      if (known.state === 'ongoing') this.#finish(known, false)
      known.state = 'none'
      return { error: errorCode.none, producerId: known.producerId, epoch: known.epoch }
    }
    const producerId = this.#nextProducerId++
    if (transactionalId !== null) this.#byId.set(transactionalId, newTransaction(producerId, timeout))
    return { error: errorCode.none, producerId, epoch: 0 }
  }

  check({ transactionalId, producerId, epoch }: ProducerIdentity): number {
    const transaction = this.#byId.get(transactionalId)
    if (transaction?.producerId !== producerId) return errorCode.invalidProducerIdMapping
    return epoch === transaction.epoch ? errorCode.none : errorCode.invalidProducerEpoch
  }

  /** Whether a producer may append a batch to a partition. */
  checkAppend(log: PartitionLog, producerId: number, epoch: number, isTransactional: boolean): number {
    const transaction = [...this.#byId.values()].find(one => one.producerId === producerId)
    if (transaction === undefined) {
      return isTransactional ? errorCode.invalidProducerIdMapping : errorCode.none
    }
    if (epoch !== transaction.epoch) return errorCode.invalidProducerEpoch
    const isAdded = transaction.state === 'ongoing' && transaction.partitions.has(log)
    return isAdded || !isTransactional ? errorCode.none : errorCode.invalidTransactionState
  }

  addPartitions(producer: ProducerIdentity, logs: PartitionLog[]): number {
    return this.#change(producer, transaction => {
      for (const log of logs) transaction.partitions.add(log)
    })
  }

  addOffsets(producer: ProducerIdentity, groupId: string, commits: OffsetCommit[]): number {
    return this.#change(producer, transaction => {
      transaction.offsets.set(groupId, [...(transaction.offsets.get(groupId) ?? []), ...commits])
    })
  }

  /** Commits or rolls back; a repeated request has no effect. */
  end(producer: ProducerIdentity, committed: boolean): number {
    const error = this.check(producer)
    const transaction = this.#byId.get(producer.transactionalId)
    if (transaction === undefined || error !== errorCode.none) return error
    const outcome = committed ? 'committed' : 'aborted'
    if (transaction.state === outcome) return errorCode.none
    if (transaction.state !== 'ongoing') return errorCode.invalidTransactionState
    this.#finish(transaction, committed)
    return errorCode.none
  }

  /** Stops the timers of open transactions. */
  stopClocks(): void {
    for (const transaction of this.#byId.values()) clearTimeout(transaction.timer)
  }

  /** Restarts the timers of open transactions. */
  startClocks(): void {
    for (const transaction of this.#byId.values()) {
      if (transaction.state === 'ongoing') this.#startClock(transaction)
    }
  }

  #change(producer: ProducerIdentity, change: (transaction: Transaction) => void): number {
    const error = this.check(producer)
    const transaction = this.#byId.get(producer.transactionalId)
    if (transaction === undefined || error !== errorCode.none) return error
    if (transaction.state !== 'ongoing') this.#startClock(transaction)
    transaction.state = 'ongoing'
    change(transaction)
    return errorCode.none
  }

  #startClock(transaction: Transaction): void {
    const tooLate = (): void => {
      transaction.epoch++
      this.#finish(transaction, false)
    }
    transaction.timer = setTimeout(tooLate, transaction.timeout).unref()
  }

  #finish(transaction: Transaction, committed: boolean): void {
    clearTimeout(transaction.timer)
    const { producerId, epoch } = transaction
    for (const log of transaction.partitions) log.endTransaction(producerId, epoch, committed)
    for (const [groupId, commits] of committed ? transaction.offsets : []) {
      const group = this.#groups.getOrCreate(groupId)
      for (const commit of commits) group.offsets.commit(commit)
    }
    transaction.state = committed ? 'committed' : 'aborted'
    transaction.partitions.clear()
    transaction.offsets.clear()
  }
}

function newTransaction(producerId: number, timeout: number): Transaction {
  const [partitions, offsets] = [new Set<PartitionLog>(), new Map<string, OffsetCommit[]>()]
  return { producerId, epoch: 0, timeout, state: 'none', partitions, offsets, timer: undefined }
}
