import type { PartitionLog } from '../log/partition-log.ts'
import { errorCode } from '../../wire/error-code.ts'
import { Writer } from '../../wire/writer.ts'
import type { Api } from './api.ts'

const latest = -1
const earliest = -2

export const listOffsets: Api = {
  key: 2,
  version: 3,
  handle(request, state) {
    request.int32()
    const committedOnly = request.int8() === 1
    const topics = request.array(reader => ({
      name: reader.string(),
      partitions: reader.array(part => ({ partition: part.int32(), timestamp: part.int64() })),
    }))
    return new Writer().int32(0).array(topics, (writer, { name, partitions }) => {
      writer.string(name).array(partitions, (list, { partition, timestamp }) => {
        const log = state.topics.partition(name, partition)
        const error = log === undefined ? errorCode.unknownTopicOrPartition : errorCode.none
        const found = log === undefined ? none : offsetAt(log, timestamp, committedOnly)
        list.int32(partition).int16(error).int64(found.timestamp).int64(found.offset)
      })
    })
  },
}

const none = { offset: -1, timestamp: -1 }

function offsetAt(
  log: PartitionLog,
  timestamp: number,
  committedOnly: boolean,
): { offset: number; timestamp: number } {
  if (timestamp === earliest) return { offset: 0, timestamp: -1 }
  if (timestamp !== latest) return log.since(timestamp)
  return { offset: committedOnly ? log.stableOffset : log.endOffset, timestamp: -1 }
}
