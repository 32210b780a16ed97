import { traceKafka } from '@spanwright/kafkajs'
import { assertTrace, recordSpans } from '@spanwright/testing'
import kafkajs from 'kafkajs'

const recorder = recordSpans({ global: true })
const topic = `matrix-${process.pid}`
const kafka = traceKafka(
  new kafkajs.Kafka({
    brokers: process.env.KAFKA_BROKERS.split(','),
    logLevel: kafkajs.logLevel.NOTHING,
  }),
)
const producer = kafka.producer()
await producer.connect()
await producer.send({ topic, messages: [{ value: 'a' }] })
const consumer = kafka.consumer({ groupId: topic })
await consumer.connect()
await consumer.subscribe({ topic, fromBeginning: true })
await consumer.run({ eachMessage: async () => {} })
await recorder.waitFor({ kind: 'CONSUMER' }, { timeout: 20_000 })
await Promise.all([producer.disconnect(), consumer.disconnect()])
assertTrace(recorder, `PRODUCER send ${topic}\n  CONSUMER process ${topic}`)
