import type {
  Consumer,
  ConsumerConfig,
  ConsumerRunConfig,
  Kafka,
  Producer,
  ProducerBatch,
  ProducerConfig,
  ProducerRecord,
  RecordMetadata,
  TopicPartitionOffsetAndMetadata,
  Transaction,
} from 'kafkajs'

type SentOffsets = Parameters<Transaction['sendOffsets']>[0]

// A stand-in for clients that have the API of KafkaJS but are not KafkaJS, such as @confluentinc/kafka-javascript, whose
// native part cannot be built everywhere. It differs from KafkaJS in what matters for tracing, as read in the source of
// that client: classes with private state, settings nested under `kafkaJS`, instrumentation events that throw, a batch that is
// sent part by part, messages that are written to while they are sent, and a producer that is its own transaction.

export class CompatibleKafka {
  readonly #kafka: Kafka

  constructor(kafka: Kafka) {
    this.#kafka = kafka
  }

  producer(config: { kafkaJS: ProducerConfig & { clientId?: string } }): CompatibleProducer {
    return new CompatibleProducer(this.#kafka.producer(config.kafkaJS))
  }

  consumer(config: { kafkaJS: ConsumerConfig & { clientId?: string } }): CompatibleConsumer {
    return new CompatibleConsumer(this.#kafka.consumer(config.kafkaJS), config.kafkaJS.groupId)
  }
}

/** An error of the native part: a number, whose name is in a list of its class. */
export class LibrdKafkaError extends Error {
  static readonly codes: Readonly<Record<string, number>> = {
    ERR__QUEUE_FULL: -184,
    ERR_MSG_SIZE_TOO_LARGE: 10,
  }
  readonly code: number

  constructor(message: string, code: number) {
    super(message)
    this.code = code
  }
}

export class CompatibleProducer {
  /** What the native part throws when it receives a message. */
  refusal: LibrdKafkaError | undefined
  readonly #producer: Producer
  #transaction: Transaction | undefined

  constructor(producer: Producer) {
    this.#producer = producer
  }

  async connect(): Promise<void> {
    await this.#producer.connect()
  }

  async disconnect(): Promise<void> {
    await this.#producer.disconnect()
  }

  async send({ topic, messages }: ProducerRecord): Promise<RecordMetadata[]> {
    if (this.refusal) throw this.refusal
    for (const message of messages) message.value = message.value === null ? null : Buffer.from(message.value)
    return (this.#transaction ?? this.#producer).send({ topic, messages })
  }

  async sendBatch({ topicMessages = [] }: ProducerBatch): Promise<RecordMetadata[]> {
    return (await Promise.all(topicMessages.map(part => this.send(part)))).flat()
  }

  async transaction(): Promise<this> {
    this.#transaction = await this.#producer.transaction()
    return this
  }

  /** Takes the consumer in place of its group, which its private part knows. */
  async sendOffsets({
    consumer,
    topics,
  }: {
    consumer: CompatibleConsumer
    topics: SentOffsets['topics']
  }): Promise<void> {
    await this.#transaction?.sendOffsets({ consumerGroupId: consumer.internalGroup(), topics })
  }

  async commit(): Promise<void> {
    await this.#transaction?.commit()
    this.#transaction = undefined
  }

  async abort(): Promise<void> {
    await this.#transaction?.abort()
    this.#transaction = undefined
  }
}

export class CompatibleConsumer {
  readonly #consumer: Consumer
  readonly #groupId: string

  constructor(consumer: Consumer, groupId: string) {
    this.#consumer = consumer
    this.#groupId = groupId
  }

  internalGroup(): string {
    return this.#groupId
  }

  async connect(): Promise<void> {
    await this.#consumer.connect()
  }

  async disconnect(): Promise<void> {
    await this.#consumer.disconnect()
  }

  async subscribe({ topic }: { topic: string }): Promise<void> {
    await this.#consumer.subscribe({ topic, fromBeginning: true })
  }

  async run(config: ConsumerRunConfig): Promise<void> {
    await this.#consumer.run({ ...config })
  }

  async commitOffsets(offsets: TopicPartitionOffsetAndMetadata[]): Promise<void> {
    await this.#consumer.commitOffsets(offsets)
  }

  get events(): never {
    throw new Error('Not implemented')
  }

  on(): never {
    throw new Error('Not implemented')
  }
}
