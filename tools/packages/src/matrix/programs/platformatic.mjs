import { Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka'
import { tracePlatformaticKafka } from '@spanwright/kafkajs/platformatic'
import { assertTrace, recordSpans } from '@spanwright/testing'

const recorder = recordSpans({ global: true })
const topic = `matrix-${process.pid}`
tracePlatformaticKafka()
const bootstrapBrokers = process.env.KAFKA_BROKERS.split(',')
const producer = new Producer({
  clientId: 'matrix',
  bootstrapBrokers,
  serializers: stringSerializers,
  autocreateTopics: true,
})
await producer.send({ messages: [{ topic, value: 'a' }] })
const consumer = new Consumer({
  clientId: 'matrix',
  groupId: topic,
  bootstrapBrokers,
  deserializers: stringDeserializers,
})
const stream = await consumer.consume({ topics: [topic], mode: 'earliest' })
stream.on('data', () => {})
await recorder.waitFor({ kind: 'CONSUMER' }, { timeout: 20_000 })
await Promise.all([producer.close(), consumer.close(true)])
assertTrace(recorder, `PRODUCER send ${topic}\n  CONSUMER process ${topic}`)
