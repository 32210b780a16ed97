import type { PartitionLog } from '../log/partition-log.ts'
import type { ProducerIdentity } from '../transactions.ts'
import { errorCode } from '../../wire/error-code.ts'
import type { Reader } from '../../wire/reader.ts'
import { Writer } from '../../wire/writer.ts'
import type { Api } from './api.ts'
import { answerCommits, readCommits } from './group-offsets.ts'

export const initProducerId: Api = {
  key: 22,
  version: 1,
  handle(request, state) {
    const transactionalId = request.nullableString()
    const { error, producerId, epoch } = state.transactions.initProducer(transactionalId, request.int32())
    return new Writer().int32(0).int16(error).int64(producerId).int16(epoch)
  },
}

export const addPartitionsToTransaction: Api = {
  key: 24,
  version: 1,
  handle(request, state) {
    const producer = readProducer(request)
    const topics = request.array(reader => ({
      name: reader.string(),
      partitions: reader.array(one => one.int32()),
    }))
    const known: PartitionLog[] = []
    for (const { name, partitions } of topics) {
      for (const partition of partitions) {
        const log = state.topics.partition(name, partition)
        if (log !== undefined) known.push(log)
      }
    }
    const error = state.transactions.addPartitions(producer, known)
    return new Writer().int32(0).array(topics, (writer, { name, partitions }) => {
      writer.string(name).array(partitions, (list, partition) => {
        const isUnknown = state.topics.partition(name, partition) === undefined
        list.int32(partition).int16(isUnknown ? errorCode.unknownTopicOrPartition : error)
      })
    })
  },
}

export const addOffsetsToTransaction: Api = {
  key: 25,
  version: 1,
  handle(request, state) {
    const producer = readProducer(request)
    const error = state.transactions.addOffsets(producer, request.string(), [])
    return new Writer().int32(0).int16(error)
  },
}

export const endTransaction: Api = {
  key: 26,
  version: 1,
  handle(request, state) {
    const producer = readProducer(request)
    return new Writer().int32(0).int16(state.transactions.end(producer, request.boolean()))
  },
}

export const commitOffsetsInTransaction: Api = {
  key: 28,
  version: 1,
  handle(request, state) {
    const [transactionalId, groupId] = [request.string(), request.string()]
    const producer = { transactionalId, producerId: request.int64(), epoch: request.int16() }
    return answerCommits(request.array(readCommits), commit =>
      state.transactions.addOffsets(producer, groupId, [commit]),
    )
  },
}

function readProducer(request: Reader): ProducerIdentity {
  return { transactionalId: request.string(), producerId: request.int64(), epoch: request.int16() }
}
