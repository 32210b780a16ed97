import type { OffsetCommit } from '../groups/offsets.ts'
import { errorCode } from '../../wire/error-code.ts'
import type { Reader } from '../../wire/reader.ts'
import { Writer } from '../../wire/writer.ts'
import type { Api, BrokerState } from './api.ts'

/** The offsets of one topic that a client commits. */
export interface TopicCommits {
  topic: string
  commits: OffsetCommit[]
}

/** Reads the offsets of commit requests. */
export function readCommits(reader: Reader): TopicCommits {
  const topic = reader.string()
  const commits = reader.array(one => ({
    topic,
    partition: one.int32(),
    offset: one.int64(),
    metadata: one.nullableString(),
  }))
  return { topic, commits }
}

/** Writes the result of `store` for each offset of a commit request. */
export function answerCommits(topics: TopicCommits[], store: (commit: OffsetCommit) => number): Writer {
  return new Writer().int32(0).array(topics, (writer, { topic, commits }) => {
    writer.string(topic).array(commits, (list, commit) => list.int32(commit.partition).int16(store(commit)))
  })
}

export const offsetCommit: Api = {
  key: 8,
  version: 5,
  handle(request, state) {
    const groupId = request.string()
    const [generation, memberId] = [request.int32(), request.string()]
    const topics = request.array(readCommits)
    const known = state.groups.get(groupId)
    const isUnknown = known === undefined && generation >= 0
    const group = known ?? state.groups.getOrCreate(groupId)
    const error = isUnknown ? errorCode.illegalGeneration : group.checkCommit(memberId, generation)
    return answerCommits(topics, commit => {
      if (state.topics.partition(commit.topic, commit.partition) === undefined) {
        return errorCode.unknownTopicOrPartition
      }
      if (error === errorCode.none) group.offsets.commit(commit)
      return error
    })
  },
}

export const offsetFetch: Api = {
  key: 9,
  version: 4,
  handle(request, state) {
    const offsets = state.groups.get(request.string())?.offsets
    const wanted = request.nullableArray(reader => ({
      topic: reader.string(),
      partitions: reader.array(one => one.int32()),
    }))
    return new Writer()
      .int32(0)
      .array(wanted ?? offsets?.all() ?? [], (writer, { topic, partitions }) => {
        writer.string(topic).array(partitions, (list, partition) => {
          const { offset, metadata } = offsets?.get(topic, partition) ?? { offset: -1, metadata: '' }
          list.int32(partition).int64(offset).string(metadata).int16(errorCode.none)
        })
      })
      .int16(errorCode.none)
  },
}

export const describeGroups: Api = {
  key: 15,
  version: 2,
  handle(request, state) {
    const ids = request.array(reader => reader.string())
    return new Writer().int32(0).array(ids, (writer, id) => writeGroup(writer, id, state))
  },
}

function writeGroup(writer: Writer, id: string, state: BrokerState): void {
  const group = state.groups.get(id)
  const protocol = group?.state === 'Stable' ? group.protocol : ''
  writer
    .int16(errorCode.none)
    .string(id)
    .string(group?.state ?? 'Dead')
    .string(group?.protocolType ?? '')
    .string(protocol)
  writer.array(group?.members ?? [], (list, member) => {
    const { clientId, clientHost } = member.settings
    list.string(member.id).string(clientId).string(`/${clientHost}`)
    list.bytes(member.metadataFor(protocol)).bytes(member.assignment)
  })
}

export const listGroups: Api = {
  key: 16,
  version: 2,
  handle(_request, state) {
    return new Writer()
      .int32(0)
      .int16(errorCode.none)
      .array(state.groups.all(), (writer, group) => writer.string(group.id).string(group.protocolType))
  },
}

export const deleteGroups: Api = {
  key: 42,
  version: 1,
  handle(request, state) {
    const ids = request.array(reader => reader.string())
    return new Writer().int32(0).array(ids, (writer, id) => writer.string(id).int16(state.groups.delete(id)))
  },
}
