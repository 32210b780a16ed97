import { SpanKind } from '@opentelemetry/api'
import { withRemoteContext, withSpan } from '@spanwright/core'
import { startTracing } from '@spanwright/sdk'
import type {
  APIGatewayProxyEventV2,
  APIGatewayProxyStructuredResultV2,
  Context,
  SQSBatchResponse,
  SQSEvent,
  SQSRecord,
} from 'aws-lambda'

const sdk = startTracing({ serviceName: 'orders', flushTimeout: '2s' })

type Handler<Event, Result> = (event: Event, context: Context) => Promise<Result>

/** A handler that sends its spans before Lambda freezes the process. */
export function flushing<Event, Result>(handler: Handler<Event, Result>): Handler<Event, Result> {
  return async function flushed(event, context) {
    try {
      return await handler(event, context)
    } finally {
      // The SDK reports what cannot be sent. It must not fail the invocation.
      await sdk.forceFlush().catch(() => {})
    }
  }
}

function traceRequest(
  event: APIGatewayProxyEventV2,
  context: Context,
  work: () => Promise<APIGatewayProxyStructuredResultV2>,
): Promise<APIGatewayProxyStructuredResultV2> {
  const attributes = {
    'http.request.method': event.requestContext.http.method,
    'http.route': event.routeKey.replace(/^\S+ /, ''),
    'url.path': event.rawPath,
    'url.scheme': 'https',
    'faas.trigger': 'http',
    'faas.invocation.id': context.awsRequestId,
  }
  return withRemoteContext(event.headers, () =>
    withSpan(
      event.routeKey,
      async span => {
        const result = await work()
        if (result.statusCode) span.setAttribute('http.response.status_code', result.statusCode)
        return result
      },
      { kind: SpanKind.SERVER, attributes },
    ),
  )
}

function traceRecord<Result>(record: SQSRecord, work: () => Promise<Result>): Promise<Result> {
  const queue = record.eventSourceARN.split(':').at(-1) ?? ''
  const attributes = {
    'messaging.system.name': 'aws.sqs',
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.destination.name': queue,
    'messaging.message.id': record.messageId,
  }
  return withRemoteContext(record.messageAttributes, () =>
    withSpan(`process ${queue}`, work, { kind: SpanKind.CONSUMER, attributes }),
  )
}

export const onRequest = flushing((event: APIGatewayProxyEventV2, context) =>
  traceRequest(event, context, () => getOrder(event.pathParameters?.['id'])),
)

export const onOrders = flushing(async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
  const outcomes = await Promise.allSettled(Records.map(record => traceRecord(record, () => ship(record))))
  const failed = Records.filter((_record, index) => outcomes[index]?.status === 'rejected')
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) }
})

function getOrder(id: string | undefined): Promise<APIGatewayProxyStructuredResultV2> {
  return withSpan('load order', () => Promise.resolve({ statusCode: 200, body: JSON.stringify({ id }) }))
}

async function ship({ body }: SQSRecord): Promise<void> {
  if (body === 'broken') throw new RangeError('no such order')
  await withSpan('ship', () => Promise.resolve())
}
