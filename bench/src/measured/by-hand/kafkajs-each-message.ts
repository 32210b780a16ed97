import {
  context,
  metrics,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  trace,
} from '@opentelemetry/api'
import type { EachMessageHandler, IHeaders } from 'kafkajs'

import { MESSAGING_DURATION, QUEUE_DURATION } from './histograms.ts'

const HEADERS: TextMapGetter<IHeaders> = {
  keys: headers => Object.keys(headers),
  get: (headers, key) => headers[key]?.toString(),
}

/** A handler with the span and the metrics of `@spanwright/kafkajs`, by hand. */
export function handlerByHand(
  handler: EachMessageHandler,
  groupId: string,
  broker: string,
  clusterId: string,
): EachMessageHandler {
  const tracer = trace.getTracer('hand-written')
  const meter = metrics.getMeter('hand-written')
  const duration = meter.createHistogram('messaging.process.duration', MESSAGING_DURATION)
  const consumed = meter.createCounter('messaging.client.consumed.messages', { unit: '{message}' })
  const queueDuration = meter.createHistogram('spanwright.messaging.queue.duration', QUEUE_DURATION)
  const [host, port] = broker.split(':')
  return async payload => {
    const startedAt = performance.now()
    const { topic, partition, message } = payload
    const parent = propagation.extract(ROOT_CONTEXT, message.headers ?? {}, HEADERS)
    const queueTime = (Date.now() - Number(message.timestamp)) / 1000
    const creation = trace.getSpanContext(parent)
    const shared = {
      'messaging.system.name': 'kafka',
      'messaging.operation.name': 'process',
      'messaging.destination.name': topic,
      'messaging.consumer.group.name': groupId,
      'messaging.destination.partition.id': String(partition),
      'server.address': host,
      'server.port': Number(port),
    }
    const span = tracer.startSpan(
      `process ${topic}`,
      {
        kind: SpanKind.CONSUMER,
        attributes: {
          ...shared,
          'messaging.operation.type': 'process',
          'messaging.client.id': 'bench',
          'kafka.cluster.id': clusterId,
          'kafka.offset': Number(message.offset),
          'spanwright.messaging.queue_time': queueTime,
        },
        links: creation ? [{ context: creation }] : [],
      },
      parent,
    )
    queueDuration.record(queueTime, {
      'messaging.system.name': 'kafka',
      'messaging.destination.name': topic,
      'messaging.consumer.group.name': groupId,
      'messaging.destination.partition.id': String(partition),
    })
    const active = trace.setSpan(parent, span)
    try {
      await context.with(active, () => handler(payload))
    } catch (error) {
      span.recordException(error as Error)
      span.setStatus({ code: SpanStatusCode.ERROR, message: String(error) })
      throw error
    } finally {
      span.end()
      duration.record((performance.now() - startedAt) / 1000, shared, active)
      consumed.add(1, shared, active)
    }
  }
}
