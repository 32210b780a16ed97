import { Writer } from '../../wire/writer.ts'
import { type Api, firstNode } from './api.ts'

export const metadata: Api = {
  key: 3,
  version: 6,
  handle(request, state) {
    const names = request.nullableArray(reader => reader.string())
    const mayCreate = request.boolean()
    const topics = names ?? state.topics.all().map(topic => topic.name)
    return new Writer()
      .int32(0)
      .array([...state.ports.entries()], (writer, [index, port]) =>
        writer
          .int32(firstNode + index)
          .string(state.host)
          .int32(port)
          .string(null),
      )
      .string('spanwright')
      .int32(firstNode)
      .array(topics, (writer, name) => {
        const { error, topic } = state.topics.lookUp(name, mayCreate)
        writer.int16(error).string(name).boolean(false)
        writer.array([...(topic?.partitions.keys() ?? [])], (list, partition) =>
          writePartition(list, partition, state.leaders.of(name, partition)),
        )
      })
  },
}

function writePartition(writer: Writer, partition: number, leader: number): void {
  const brokers = [leader]
  writer
    .int16(0)
    .int32(partition)
    .int32(leader)
    .array(brokers, (list, broker) => list.int32(broker))
    .array(brokers, (list, broker) => list.int32(broker))
    .array([], () => {})
}
