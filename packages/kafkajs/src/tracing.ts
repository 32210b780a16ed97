import {
  LateCounter,
  LateHistogram,
  METRIC_MESSAGING_CLIENT_CONSUMED_MESSAGES,
  METRIC_MESSAGING_CLIENT_OPERATION_DURATION,
  METRIC_MESSAGING_CLIENT_SENT_MESSAGES,
  METRIC_MESSAGING_PROCESS_DURATION,
  propagatedFields,
  Settings,
} from '@spanwright/core'

import { KAFKA_RULES, type KafkaOperation, type KafkaOptions } from './options.ts'
import { VERSION } from './version.ts'

/** The settings and instruments that all producers and consumers of one client share. */
export class KafkaTracing {
  readonly settings: Settings<KafkaOperation>
  readonly operationDuration: LateHistogram<KafkaOperation>
  readonly processDuration: LateHistogram<KafkaOperation>
  readonly sentMessages: LateCounter<KafkaOperation>
  readonly consumedMessages: LateCounter<KafkaOperation>

  /** @throws TypeError when an option is unknown or of the wrong type */
  constructor(caller: string, options: KafkaOptions | undefined) {
    const scope = { name: '@spanwright/kafkajs', version: VERSION }
    const settings = new Settings<KafkaOperation>(
      { scope, caller, area: 'messaging', rules: KAFKA_RULES },
      options,
    )
    this.settings = settings
    this.operationDuration = new LateHistogram(settings, METRIC_MESSAGING_CLIENT_OPERATION_DURATION)
    this.processDuration = new LateHistogram(settings, METRIC_MESSAGING_PROCESS_DURATION)
    this.sentMessages = new LateCounter(settings, METRIC_MESSAGING_CLIENT_SENT_MESSAGES)
    this.consumedMessages = new LateCounter(settings, METRIC_MESSAGING_CLIENT_CONSUMED_MESSAGES)
  }

  /** False when nobody would see a span or a metric and no context is passed on: then nothing need be done. */
  get isOn(): boolean {
    return (
      this.settings.hasTracerProvider ||
      this.operationDuration.enabled ||
      propagatedFields(this.settings).length > 0
    )
  }
}
