import { readBatches } from '../log/record-batch.ts'
import { errorCode } from '../../wire/error-code.ts'
import { Writer } from '../../wire/writer.ts'
import type { Api, BrokerState } from './api.ts'

export const produce: Api = {
  key: 0,
  version: 7,
  handle(request, state, client) {
    request.nullableString()
    const acknowledgements = request.int16()
    request.int32()
    const topics = request.array(reader => ({
      name: reader.string(),
      partitions: reader.array(part => ({ partition: part.int32(), records: part.bytes() })),
    }))
    const answer = new Writer()
      .array(topics, (writer, { name, partitions }) => {
        writer.string(name).array(partitions, (list, { partition, records }) => {
          const { error, baseOffset } = append(state, client.nodeId, name, partition, records)
          const logAppendTime = -1
          const logStartOffset = 0
          list.int32(partition).int16(error).int64(baseOffset).int64(logAppendTime).int64(logStartOffset)
        })
      })
      .int32(0)
    return acknowledgements === 0 ? undefined : answer
  },
}

function append(
  state: BrokerState,
  nodeId: number,
  topic: string,
  partition: number,
  records: Buffer,
): { error: number; baseOffset: number } {
  const log = state.topics.partition(topic, partition)
  if (log === undefined) return { error: errorCode.unknownTopicOrPartition, baseOffset: -1 }
  if (state.leaders.of(topic, partition) !== nodeId) {
    return { error: errorCode.notLeaderOrFollower, baseOffset: -1 }
  }
  let first: { error: number; baseOffset: number } | undefined
  for (const batch of readBatches(records)) {
    const { producerId, producerEpoch, isTransactional } = batch
    const error = state.transactions.checkAppend(log, producerId, producerEpoch, isTransactional)
    const appended = error === errorCode.none ? log.append(batch) : { error, baseOffset: -1 }
    if (appended.error !== errorCode.none) return appended
    first ??= appended
  }
  return first ?? { error: errorCode.corruptMessage, baseOffset: -1 }
}
