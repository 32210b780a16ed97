import type { LogSlice, PartitionLog } from '../log/partition-log.ts'
import { errorCode } from '../../wire/error-code.ts'
import type { Reader } from '../../wire/reader.ts'
import { Writer } from '../../wire/writer.ts'
import type { Api, BrokerState } from './api.ts'

interface Wanted {
  topic: string
  partitions: { partition: number; offset: number; maxBytes: number }[]
}

interface Fetched {
  partition: number
  error: number
  log: PartitionLog | undefined
  slice: LogSlice
}

const nothing: LogSlice = { bytes: Buffer.alloc(0), aborted: [] }

export const fetch: Api = {
  key: 1,
  version: 11,
  async handle(request, state, client) {
    request.int32()
    const maxWait = request.int32()
    const minBytes = request.int32()
    const maxBytes = request.int32()
    const committedOnly = request.int8() === 1
    request.take(8)
    const wanted = request.array(readWanted)
    const deadline = performance.now() + maxWait
    const read = (): Map<string, Fetched[]> => readAll(state, client.nodeId, wanted, maxBytes, committedOnly)
    let fetched = read()
    while (!isEnough(fetched, minBytes) && performance.now() < deadline && !client.gone.aborted) {
      await appended(fetched, deadline - performance.now(), client.gone)
      fetched = read()
    }
    const response = new Writer().int32(0).int16(errorCode.none).int32(0)
    return response.array([...fetched], (writer, [topic, partitions]) => {
      writer.string(topic).array(partitions, writePartition)
    })
  },
}

function readWanted(reader: Reader): Wanted {
  const topic = reader.string()
  const partitions = reader.array(part => {
    const partition = part.int32()
    part.int32()
    const offset = part.int64()
    part.int64()
    return { partition, offset, maxBytes: part.int32() }
  })
  return { topic, partitions }
}

function readAll(
  state: BrokerState,
  nodeId: number,
  wanted: Wanted[],
  maxBytes: number,
  committedOnly: boolean,
): Map<string, Fetched[]> {
  let room = maxBytes
  const fetched = new Map<string, Fetched[]>()
  for (const { topic, partitions } of wanted) {
    const parts = partitions.map(part => {
      const log = state.topics.partition(topic, part.partition)
      const isLeader = state.leaders.of(topic, part.partition) === nodeId
      const error = isLeader ? problemWith(log, part.offset) : errorCode.notLeaderOrFollower
      const readable = error === errorCode.none && room > 0
      const slice = readable
        ? log?.read(part.offset, Math.min(part.maxBytes, room), committedOnly)
        : undefined
      room -= slice?.bytes.length ?? 0
      return { partition: part.partition, error, log, slice: slice ?? nothing }
    })
    fetched.set(topic, parts)
  }
  return fetched
}

function problemWith(log: PartitionLog | undefined, offset: number): number {
  if (log === undefined) return errorCode.unknownTopicOrPartition
  return offset < 0 || offset > log.endOffset ? errorCode.offsetOutOfRange : errorCode.none
}

function isEnough(fetched: Map<string, Fetched[]>, minBytes: number): boolean {
  const parts = [...fetched.values()].flat()
  const size = parts.reduce((sum, part) => sum + part.slice.bytes.length, 0)
  return size >= minBytes || parts.some(part => part.error !== errorCode.none)
}

/** Waits for records in any of the partitions, for the timeout or for the end of the connection. */
async function appended(
  fetched: Map<string, Fetched[]>,
  milliseconds: number,
  gone: AbortSignal,
): Promise<void> {
  const logs = [...fetched.values()].flat().map(part => part.log)
  await new Promise<void>(resolve => {
    const timer = setTimeout(finish, milliseconds).unref()
    const unsubscribe = logs.map(log => log?.onAppend(finish))
    gone.addEventListener('abort', finish)
    function finish(): void {
      clearTimeout(timer)
      for (const end of unsubscribe) end?.()
      gone.removeEventListener('abort', finish)
      resolve()
    }
  })
}

function writePartition(writer: Writer, { partition, error, log, slice }: Fetched): void {
  const logStartOffset = 0
  const anyReplica = -1
  writer
    .int32(partition)
    .int16(error)
    .int64(log?.endOffset ?? -1)
    .int64(log?.stableOffset ?? -1)
    .int64(log === undefined ? -1 : logStartOffset)
    .array(slice.aborted, (list, one) => list.int64(one.producerId).int64(one.firstOffset))
    .int32(anyReplica)
    .bytes(slice.bytes)
}
