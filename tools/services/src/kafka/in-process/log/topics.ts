import { errorCode } from '../../wire/error-code.ts'
import { PartitionLog } from './partition-log.ts'

/** A topic with the logs of its partitions. */
export interface Topic {
  name: string
  partitions: PartitionLog[]
  configs: Map<string, string | null>
}

/** The settings of a new topic. */
export interface NewTopic {
  name: string
  /** -1: the broker's default. */
  partitions: number
  replicationFactor: number
  configs: Map<string, string | null>
}

/** The topics of the broker. */
export class Topics {
  #topics = new Map<string, Topic>()
  #defaultPartitions: number
  #autoCreate: boolean

  constructor(defaultPartitions: number, autoCreate: boolean) {
    this.#defaultPartitions = defaultPartitions
    this.#autoCreate = autoCreate
  }

  all(): Topic[] {
    return [...this.#topics.values()]
  }

  get(name: string): Topic | undefined {
    return this.#topics.get(name)
  }

  partition(topic: string, partition: number): PartitionLog | undefined {
    return this.#topics.get(topic)?.partitions[partition]
  }

  /** The topic that a client requests, created when both sides allow it. */
  lookUp(name: string, mayCreate: boolean): { error: number; topic?: Topic } {
    if (!this.#topics.has(name)) {
      const problem = isValidName(name) ? errorCode.unknownTopicOrPartition : errorCode.invalidTopic
      if (!mayCreate || !this.#autoCreate || problem === errorCode.invalidTopic) return { error: problem }
      this.create({ name, partitions: -1, replicationFactor: -1, configs: new Map() }, false)
    }
    const topic = this.#topics.get(name)
    return topic === undefined
      ? { error: errorCode.unknownTopicOrPartition }
      : { error: errorCode.none, topic }
  }

  /** Creates a topic, or only validates it. */
  create(topic: NewTopic, validateOnly: boolean): { error: number; message: string | null } {
    const { name, replicationFactor, configs } = topic
    const partitions = topic.partitions === -1 ? this.#defaultPartitions : topic.partitions
    if (this.#topics.has(name)) {
      return { error: errorCode.topicAlreadyExists, message: `Topic '${name}' already exists.` }
    }
    if (!isValidName(name)) return { error: errorCode.invalidTopic, message: 'Topic name is invalid' }
    if (partitions <= 0) {
      return { error: errorCode.invalidPartitions, message: 'Number of partitions must be larger than 0.' }
    }
    if (replicationFactor !== -1 && replicationFactor !== 1) {
      const message = `Unable to replicate the partition ${replicationFactor} time(s): there is 1 broker`
      return { error: errorCode.invalidReplicationFactor, message }
    }
    if (!validateOnly) {
      const logs = Array.from({ length: partitions }, () => new PartitionLog())
      this.#topics.set(name, { name, partitions: logs, configs })
    }
    return { error: errorCode.none, message: null }
  }

  delete(name: string): number {
    return this.#topics.delete(name) ? errorCode.none : errorCode.unknownTopicOrPartition
  }
}

function isValidName(name: string): boolean {
  return /^[a-zA-Z0-9._-]{1,249}$/.test(name) && name !== '.' && name !== '..'
}
