import { callHook, isIdle, LateCounter, LateHistogram, Settings } from '@spanwright/core/plugin'
import {
  METRIC_MESSAGING_CLIENT_CONSUMED_MESSAGES,
  METRIC_MESSAGING_CLIENT_OPERATION_DURATION,
  METRIC_MESSAGING_CLIENT_SENT_MESSAGES,
  METRIC_MESSAGING_PROCESS_DURATION,
  METRIC_SPANWRIGHT_MESSAGING_QUEUE_DURATION,
} from '@spanwright/core/semconv'

import { LagGauge } from './consume/lag.ts'
import { KAFKA_RULES, type KafkaOperation, type KafkaOptions, type ParentPolicy } from './options.ts'
import { VERSION } from './version.ts'

/** The settings and instruments shared by all producers and consumers of one client. */
export class KafkaTracing {
  readonly settings: Settings<KafkaOperation>
  readonly inject: boolean
  readonly keepsExistingContext: boolean
  readonly messageSpans: boolean
  readonly recordKey: boolean
  readonly recordBodySize: boolean
  readonly commitSpans: boolean
  readonly rebalanceEvents: boolean
  /** True when a hook, or the `parent` function, receives the operation. */
  readonly needsRecord: boolean
  readonly operationDuration: LateHistogram<KafkaOperation>
  readonly processDuration: LateHistogram<KafkaOperation>
  /** Time messages waited before their processing began. */
  readonly queueDuration: LateHistogram<KafkaOperation>
  readonly lag: LagGauge
  readonly sentMessages: LateCounter<KafkaOperation>
  readonly consumedMessages: LateCounter<KafkaOperation>
  private readonly parent: KafkaOptions['parent']

  /** @throws TypeError when an option is unknown or of the wrong type */
  constructor(caller: string, given: KafkaOptions = {}) {
    const scope = { name: '@spanwright/kafkajs', version: VERSION }
    const settings = new Settings<KafkaOperation, KafkaOptions>(
      { scope, caller, area: 'messaging', rules: KAFKA_RULES },
      given,
    )
    const { options } = settings
    this.settings = settings
    this.inject = options.inject ?? true
    this.keepsExistingContext = options.existingContext !== 'replace'
    this.messageSpans = this.inject && (options.messageSpans ?? false)
    this.recordKey = options.recordKey ?? false
    this.recordBodySize = options.recordBodySize ?? false
    this.commitSpans = options.commitSpans ?? false
    this.rebalanceEvents = options.rebalanceEvents ?? false
    this.parent = options.parent
    this.needsRecord = settings.hasHooks || typeof options.parent === 'function'
    this.operationDuration = new LateHistogram(settings, METRIC_MESSAGING_CLIENT_OPERATION_DURATION)
    this.processDuration = new LateHistogram(settings, METRIC_MESSAGING_PROCESS_DURATION)
    this.queueDuration = new LateHistogram(settings, METRIC_SPANWRIGHT_MESSAGING_QUEUE_DURATION)
    this.lag = new LagGauge(settings)
    this.sentMessages = new LateCounter(settings, METRIC_MESSAGING_CLIENT_SENT_MESSAGES)
    this.consumedMessages = new LateCounter(settings, METRIC_MESSAGING_CLIENT_CONSUMED_MESSAGES)
  }

  /** False when nothing is recorded, there are no hooks, and no context is propagated. */
  get isOn(): boolean {
    return !isIdle(this.settings, this.operationDuration.prepare())
  }

  /** The parent policy for a message. */
  parentOf(record: KafkaOperation | undefined): ParentPolicy {
    const { parent } = this
    if (typeof parent !== 'function') return parent ?? 'message'
    return (record && callHook('parent', parent, record)) === 'link' ? 'link' : 'message'
  }
}
