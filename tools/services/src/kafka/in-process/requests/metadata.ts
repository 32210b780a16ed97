import { Writer } from '../../wire/writer.ts'
import { nodeId, type Api } from './api.ts'

export const metadata: Api = {
  key: 3,
  version: 6,
  handle(request, state) {
    const names = request.nullableArray(reader => reader.string())
    const mayCreate = request.boolean()
    const topics = names ?? state.topics.all().map(topic => topic.name)
    return new Writer()
      .int32(0)
      .array([state], (writer, { host, port }) => writer.int32(nodeId).string(host).int32(port).string(null))
      .string('spanwright')
      .int32(nodeId)
      .array(topics, (writer, name) => {
        const { error, topic } = state.topics.lookUp(name, mayCreate)
        writer.int16(error).string(name).boolean(false)
        writer.array([...(topic?.partitions.keys() ?? [])], writePartition)
      })
  },
}

function writePartition(writer: Writer, partition: number): void {
  const brokers = [nodeId]
  writer
    .int16(0)
    .int32(partition)
    .int32(nodeId)
    .array(brokers, (list, broker) => list.int32(broker))
    .array(brokers, (list, broker) => list.int32(broker))
    .array([], () => {})
}
