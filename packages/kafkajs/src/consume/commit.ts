import {
  type Attributes,
  type Context,
  context as contextApi,
  createContextKey,
  SpanKind,
} from '@opentelemetry/api'
import {
  ATTR_KAFKA_OFFSET,
  ATTR_MESSAGING_CONSUMER_GROUP_NAME,
  ATTR_MESSAGING_DESTINATION_PARTITION_ID,
  MESSAGING_OPERATION_METRIC_ATTRIBUTES,
  OPERATION_TYPE_SETTLE,
} from '@spanwright/core/semconv'
import {
  attempt,
  decide,
  type Ending,
  guardMethods,
  Operation,
  SUCCESS,
  wrapMethod,
} from '@spanwright/core/plugin'

import { addAddress, type Client } from '../client.ts'
import type { BrokerAddress } from '../cluster.ts'
import { clientFailure } from '../failure.ts'
import { type Consumer, eventName, listenTo, type Offsets, type TopicPartitionOffset } from '../library.ts'
import type { KafkaOperation } from '../options.ts'
import type { KafkaTracing } from '../tracing.ts'

/** A commit request as reported by kafkajs: its start and its broker. */
interface CommitRequest {
  readonly apiName?: string
  readonly broker?: string
  /** Milliseconds since 1970. */
  readonly createdAt?: number
}

/** Start time of the commit the caller waits for. */
const STARTED_AT = createContextKey('spanwright.commit-started-at')

/**
 * Creates the spans of commits after they have ended, because kafkajs also commits automatically and reports that
 * afterwards. A failed commit is known only when the caller waits for it.
 */
export class Commits {
  private readonly tracing: KafkaTracing
  private readonly client: Client
  private readonly reported: boolean
  /** Answered requests whose commits kafkajs will report next, in this order. */
  private readonly answered: CommitRequest[] = []

  constructor(tracing: KafkaTracing, client: Client, consumer: Consumer) {
    this.tracing = tracing
    this.client = client
    this.reported = eventName(consumer, 'COMMIT_OFFSETS') !== undefined
    listenTo(consumer, 'REQUEST', payload => this.answer(payload))
    // kafkajs reports the commit in the context of the waiting caller, immediately after its request.
    listenTo(consumer, 'COMMIT_OFFSETS', payload => {
      const { createdAt, broker } = this.answered.shift() ?? {}
      const age = createdAt === undefined ? 0 : Math.max(Date.now() - createdAt, 0)
      const startedAt = contextApi.active().getValue(STARTED_AT) ?? performance.now() - age
      this.record(positionsIn(payload as Offsets), startedAt as number, SUCCESS, broker)
    })
    this.wrap(consumer)
  }

  /** Runs a commit the caller waits for. */
  async follow(positions: readonly TopicPartitionOffset[], commit: () => Promise<void>): Promise<void> {
    const startedAt = performance.now()
    try {
      await contextApi.with(contextApi.active().setValue(STARTED_AT, startedAt), commit)
    } catch (error) {
      this.record(positions, startedAt, clientFailure(error))
      throw error
    }
    // Without positions kafkajs may have skipped it as unnecessary.
    if (!this.reported && positions.length > 0) this.record(positions, startedAt, SUCCESS)
  }

  /** Several may be answered before the first of them is reported; a failed one is never reported. */
  private answer(request: CommitRequest): void {
    if (request.apiName !== 'OffsetCommit') return
    const { answered } = this
    answered.push(request)
    setImmediate(() => {
      const at = answered.indexOf(request)
      if (at >= 0) answered.splice(at, 1)
    })
  }

  private wrap(consumer: Consumer): void {
    if (typeof consumer.commitOffsets !== 'function') return
    const follow = this.follow.bind(this)
    wrapMethod(
      consumer,
      'commitOffsets',
      (original: NonNullable<Consumer['commitOffsets']>) =>
        function commitOffsets(this: unknown, offsets?: readonly TopicPartitionOffset[]): Promise<void> {
          return follow(attempt('reading offsets', positionsAmong, offsets) ?? [], () =>
            original.call(this as Consumer, offsets),
          )
        },
    )
  }

  private record(
    positions: readonly TopicPartitionOffset[],
    startedAt: number,
    ending: Ending,
    broker?: string,
  ): void {
    const scene = { parent: contextApi.active(), coordinator: addressIn(broker), startedAt }
    startCommit(this.tracing, this.client, positions, scene)?.end(ending)
  }
}

guardMethods('following a commit', Commits, 'record')

/** Where and when a commit happens. */
export interface CommitScene {
  /** Context of the parent span. */
  readonly parent: Context
  /** Broker it is sent to, if known. */
  readonly coordinator?: BrokerAddress | undefined
  /** Start time on the clock of `performance.now()`. Default: now. */
  readonly startedAt?: number | undefined
  /** The group whose offsets are committed. Default: the client's group. */
  readonly groupId?: string | undefined
}

/** Starts the span of a commit; undefined when it must not be traced. */
export function startCommit(
  tracing: KafkaTracing,
  client: Client,
  positions: readonly TopicPartitionOffset[],
  { parent, coordinator, startedAt, groupId = client.groupId }: CommitScene,
): Operation<KafkaOperation> | undefined {
  const topics = new Set(positions.map(({ topic }) => topic))
  const [topic] = topics.size === 1 ? topics : []
  const record = topic !== undefined && tracing.settings.hasHooks ? describe(groupId, topic) : undefined
  if (!tracing.isOn || decide(tracing.settings, parent, record) !== 'trace') return undefined
  const attributes = client.attributesOf('commit', OPERATION_TYPE_SETTLE, topic)
  if (groupId !== undefined) attributes[ATTR_MESSAGING_CONSUMER_GROUP_NAME] = groupId
  addPosition(attributes, positions)
  addAddress(attributes, coordinator)
  return new Operation<KafkaOperation>(tracing.settings, {
    kind: SpanKind.CLIENT,
    name: topic === undefined ? 'commit' : `commit ${topic}`,
    attributes,
    parent,
    startedAt,
    record,
    duration: { histogram: tracing.operationDuration, keys: MESSAGING_OPERATION_METRIC_ATTRIBUTES },
  })
}

function describe(groupId: string | undefined, topic: string): KafkaOperation {
  return groupId === undefined ? { topic } : { topic, groupId }
}

/** The positions in the arguments of a commit; none when kafkajs will refuse them. */
export function positionsIn(offsets: Offsets | null | undefined): TopicPartitionOffset[] {
  return attempt('reading offsets', readPositions, offsets) ?? []
}

function readPositions(offsets: Offsets | null | undefined): TopicPartitionOffset[] {
  const { topics } = Object(offsets) as Partial<Offsets>
  if (!Array.isArray(topics)) return []
  return (topics as (Partial<Offsets['topics'][number]> | null)[]).flatMap(entry => {
    const partitions = Array.isArray(entry?.partitions) ? entry.partitions : []
    return positionsAmong(partitions.map(position => ({ ...position, topic: entry?.topic })))
  })
}

/** The valid positions of a list. */
function positionsAmong(given: unknown): TopicPartitionOffset[] {
  if (!Array.isArray(given)) return []
  return (given as unknown[]).filter((one): one is TopicPartitionOffset => {
    const { topic, partition } = Object(one) as Partial<Record<string, unknown>>
    const isNumber = typeof partition === 'number' || typeof partition === 'string'
    return typeof topic === 'string' && topic !== '' && isNumber && Number.isInteger(Number(partition))
  })
}

function addPosition(attributes: Attributes, positions: readonly TopicPartitionOffset[]): void {
  const [only, ...others] = positions
  if (!only || others.length > 0) return
  attributes[ATTR_MESSAGING_DESTINATION_PARTITION_ID] = String(only.partition)
  const offset = Number(only.offset)
  if (Number.isInteger(offset)) attributes[ATTR_KAFKA_OFFSET] = offset
}

const HOST_AND_PORT = /^(.+):(\d+)$/

function addressIn(broker: string | undefined): BrokerAddress | undefined {
  const [, host, port] = HOST_AND_PORT.exec(broker ?? '') ?? []
  return host === undefined ? undefined : { host, port: Number(port) }
}
