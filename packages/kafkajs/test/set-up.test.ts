import { describe, expect, it } from '@jest/globals'
import { recordTests } from '@spanwright/test-kit/recorder'
import { type KafkaOptions, traceKafka } from '@spanwright/kafkajs'
import { Kafka, logLevel } from 'kafkajs'

const recorder = recordTests({})

function kafka(): Kafka {
  return new Kafka({ brokers: ['127.0.0.1:1'], logLevel: logLevel.NOTHING })
}

describe('traceKafka()', () => {
  it('returns the client it was given', () => {
    const client = kafka()
    const traced = traceKafka(client, { tracerProvider: recorder.tracerProvider })

    expect(traced).toBe(client)
    expect(Object.keys(client)).toEqual([])
    expect(client.producer.name).toBe('producer')
    expect(client.consumer.name).toBe('consumer')
    expect(client.producer).toHaveLength(new Kafka({ brokers: ['x:1'] }).producer.length)
  })

  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [{}, '{}'],
    ['kafka', "'kafka'"],
    [{ producer: () => ({}) }, '{ producer: [Function: producer] }'],
  ])('refuses %p as a client', (given, shown) => {
    expect(() => traceKafka(given as never)).toThrow(
      new TypeError(
        `traceKafka(): expected a Kafka client, such as new Kafka({ brokers }) of kafkajs; got ${shown}`,
      ),
    )
  })

  it.each<[object, string]>([
    [{ semcov: 'x' }, "traceKafka(): unknown option 'semcov' (given 'x'); did you mean semconv?"],
    [{ semconv: 'newest' }, "traceKafka(): option semconv must be 'latest', 'legacy', 'both'; got 'newest'"],
  ])('refuses the options %p', (options, message) => {
    const client = kafka()
    const producer = client.producer

    expect(() => traceKafka(client, options as KafkaOptions)).toThrow(new TypeError(message))
    expect(client.producer).toBe(producer)
  })

  it('wraps once, however often it is called', () => {
    const client = traceKafka(kafka())
    const { producer, consumer } = client

    traceKafka(client)

    expect(client.producer).toBe(producer)
    expect(client.consumer).toBe(consumer)
  })

  it('keeps name, length and properties of the methods of producers and consumers', () => {
    const bare = kafka()
    const traced = traceKafka(kafka())
    const config = { createPartitioner: () => () => 0 }

    expect(faceOf(traced.producer(config))).toEqual(faceOf(bare.producer(config)))
    expect(faceOf(traced.consumer({ groupId: 'g' }))).toEqual(faceOf(bare.consumer({ groupId: 'g' })))
    expect(faceOf(traced.admin())).toEqual(faceOf(bare.admin()))
  })

  it("lets kafkajs's own errors through", () => {
    const error = kafkaError(() => kafka().consumer({ groupId: '' }))

    expect(error).toMatchObject({ name: 'KafkaJSNonRetriableError' })
    expect(kafkaError(() => traceKafka(kafka()).consumer({ groupId: '' }))).toEqual(error)
  })

  it('restores what it wraps', () => {
    const bare = kafka()
    const symbols = Object.getOwnPropertySymbols(bare)
    const before = symbols.map(symbol => Object.getOwnPropertyDescriptor(bare, symbol))

    traceKafka(bare).producer({ createPartitioner: () => () => 0 })

    expect(Object.getOwnPropertySymbols(bare).map(s => Object.getOwnPropertyDescriptor(bare, s))).toEqual(
      before,
    )
  })
})

function faceOf(object: object): unknown {
  return Object.entries(object).map(([name, value]) => {
    const { name: functionName, length } = value as { name?: string; length?: number }
    return typeof value === 'function' ? [name, functionName, length] : [name]
  })
}

function kafkaError(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
