import { millisecondsOf } from '../start/duration.ts'
import type { Environment } from '../start/environment.ts'
import type { BatchOptions } from '../start/options.ts'
import { alwaysOff, alwaysOn, parentBased, shareOf } from '../sampling/samplers.ts'
import type { Sampler, SpanLimits } from './types.ts'
import type { QueueLimits } from '../export/span-queue.ts'

/** Long enough for a statement or a stack, short enough that one value cannot fill a batch. */
const MAX_VALUE_LENGTH = 4096
const MAX_COUNT = 128

/** Maximum bytes of spans waiting for an exporter, or for the end of their trace. */
export const MAX_QUEUE_BYTES: number = 32 * 2 ** 20
/** The default message limit of a collector over gRPC. */
const MAX_BATCH_BYTES = 4 * 2 ** 20

/** The limits of a span's parts: from options, variables, or the defaults of the specification. */
export function spanLimitsOf(options: SpanLimits = {}, environment: Environment): Required<SpanLimits> {
  const count = (name: string, fallback: number): number => environment.count(name, fallback, 0)
  const attributes = count('OTEL_ATTRIBUTE_COUNT_LIMIT', MAX_COUNT)
  return {
    attributeValueLengthLimit:
      options.attributeValueLengthLimit ??
      count(
        'OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT',
        count('OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT', MAX_VALUE_LENGTH),
      ),
    attributeCountLimit: options.attributeCountLimit ?? count('OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT', attributes),
    linkCountLimit: options.linkCountLimit ?? count('OTEL_SPAN_LINK_COUNT_LIMIT', MAX_COUNT),
    eventCountLimit: options.eventCountLimit ?? count('OTEL_SPAN_EVENT_COUNT_LIMIT', MAX_COUNT),
    attributePerEventCountLimit:
      options.attributePerEventCountLimit ?? count('OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT', attributes),
    attributePerLinkCountLimit:
      options.attributePerLinkCountLimit ?? count('OTEL_LINK_ATTRIBUTE_COUNT_LIMIT', attributes),
  }
}

/** The limits of a queue: from options, variables, or the defaults of the specification. */
export function queueLimitsOf(options: BatchOptions = {}, environment: Environment): QueueLimits {
  const { maxQueueSize, maxBatchSize, delay, timeout, reportInterval = 60_000 } = options
  return {
    maxQueueSize: maxQueueSize ?? environment.count('OTEL_BSP_MAX_QUEUE_SIZE', 2048),
    maxQueueBytes: options.maxQueueBytes ?? MAX_QUEUE_BYTES,
    maxBatchSize: maxBatchSize ?? environment.count('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 512),
    maxBatchBytes: options.maxBatchBytes ?? MAX_BATCH_BYTES,
    delay: millisecondsOf(delay ?? environment.count('OTEL_BSP_SCHEDULE_DELAY', 5000, 0)),
    timeout: millisecondsOf(timeout ?? environment.timeLimit('OTEL_BSP_EXPORT_TIMEOUT', 30_000)),
    reportInterval: millisecondsOf(reportInterval),
  }
}

const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const

/** The sampler named by `OTEL_TRACES_SAMPLER`. */
export function samplerIn(environment: Environment): Sampler {
  const name = environment.oneOf('OTEL_TRACES_SAMPLER', SAMPLERS, 'parentbased_always_on')
  const root = rootSampler(name.replace('parentbased_', ''), environment)
  return name.startsWith('parentbased_') ? parentBased(root) : root
}

function rootSampler(name: string, environment: Environment): Sampler {
  if (name === 'always_on') return alwaysOn()
  if (name === 'always_off') return alwaysOff()
  return shareOf(environment.ratio('OTEL_TRACES_SAMPLER_ARG', 1))
}
