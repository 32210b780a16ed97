import { errorCode } from '../../wire/error-code.ts'
import type { Reader } from '../../wire/reader.ts'
import { Writer } from '../../wire/writer.ts'
import type { NewTopic } from '../log/topics.ts'
import type { Api } from './api.ts'

export const createTopics: Api = {
  key: 19,
  version: 3,
  handle(request, state) {
    const topics = request.array(readNewTopic)
    request.int32()
    const validateOnly = request.boolean()
    return new Writer().int32(0).array(topics, (writer, topic) => {
      const { error, message } = state.topics.create(topic, validateOnly)
      writer.string(topic.name).int16(error).string(message)
    })
  },
}

export const deleteTopics: Api = {
  key: 20,
  version: 1,
  handle(request, state) {
    const names = request.array(reader => reader.string())
    return new Writer().int32(0).array(names, (writer, name) => {
      writer.string(name).int16(state.topics.delete(name))
    })
  },
}

function readNewTopic(reader: Reader): NewTopic {
  const name = reader.string()
  const partitions = reader.int32()
  const replicationFactor = reader.int16()
  const assigned = reader.array(one => {
    one.int32()
    one.array(replica => replica.int32())
  })
  const configs = new Map(reader.array(one => [one.string(), one.nullableString()] as const))
  return {
    name,
    partitions: assigned.length > 0 ? assigned.length : partitions,
    replicationFactor,
    configs,
  }
}

const topicResource = 2
const fromTopic = 1

export const describeConfigs: Api = {
  key: 32,
  version: 2,
  handle(request, state) {
    const resources = request.array(reader => ({
      type: reader.int8(),
      name: reader.string(),
      wanted: reader.nullableArray(one => one.string()),
    }))
    return new Writer().int32(0).array(resources, (writer, { type, name, wanted }) => {
      const topic = type === topicResource ? state.topics.get(name) : undefined
      const isUnknown = type === topicResource && topic === undefined
      const entries = [...(topic?.configs ?? [])].filter(([config]) => wanted?.includes(config) ?? true)
      writer.int16(isUnknown ? errorCode.unknownTopicOrPartition : errorCode.none).string(null)
      writer.int8(type).string(name)
      writer.array(entries, (list, [config, value]) => {
        list
          .string(config)
          .string(value)
          .boolean(false)
          .int8(fromTopic)
          .boolean(false)
          .array([], () => {})
      })
    })
  },
}
