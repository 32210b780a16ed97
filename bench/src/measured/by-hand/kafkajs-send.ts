import { context, metrics, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { Message, Producer, RecordMetadata } from 'kafkajs'

import { MESSAGING_DURATION } from './histograms.ts'

/** A send with the span and the metrics of `@spanwright/kafkajs`, by hand. */
export function sendByHand(
  producer: Producer,
  broker: string,
  clusterId: string,
): (topic: string, messages: Message[]) => Promise<RecordMetadata[]> {
  const tracer = trace.getTracer('hand-written')
  const meter = metrics.getMeter('hand-written')
  const duration = meter.createHistogram('messaging.client.operation.duration', MESSAGING_DURATION)
  const sent = meter.createCounter('messaging.client.sent.messages', { unit: '{message}' })
  const [host, port] = broker.split(':')
  return async (topic, messages) => {
    const startedAt = performance.now()
    const shared = {
      'messaging.system.name': 'kafka',
      'messaging.operation.name': 'send',
      'messaging.destination.name': topic,
      'server.address': host,
      'server.port': Number(port),
    }
    const span = tracer.startSpan(`send ${topic}`, {
      kind: SpanKind.PRODUCER,
      attributes: {
        ...shared,
        'messaging.operation.type': 'send',
        'messaging.client.id': 'bench',
        'kafka.cluster.id': clusterId,
        'messaging.batch.message_count': messages.length,
      },
    })
    const active = trace.setSpan(context.active(), span)
    const carrier: Record<string, string> = {}
    propagation.inject(active, carrier)
    let partition = ''
    try {
      const results = await context.with(active, () =>
        producer.send({
          topic,
          messages: messages.map(message => ({ ...message, headers: { ...message.headers, ...carrier } })),
        }),
      )
      partition = String(results[0]?.partition)
      span.setAttribute('messaging.destination.partition.id', partition)
      return results
    } catch (error) {
      span.recordException(error as Error)
      span.setStatus({ code: SpanStatusCode.ERROR, message: String(error) })
      throw error
    } finally {
      span.end()
      const counted = { ...shared, 'messaging.destination.partition.id': partition }
      duration.record(
        (performance.now() - startedAt) / 1000,
        { ...counted, 'messaging.operation.type': 'send' },
        active,
      )
      sent.add(messages.length, counted, active)
    }
  }
}
