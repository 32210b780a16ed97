import { type sendUnaryData, Server, ServerCredentials, type ServerUnaryCall, status } from '@grpc/grpc-js'

import { traceGrpcServer } from '@spanwright/grpc'
import { startTracing } from '@spanwright/sdk'

import { onShutdown } from './life.ts'
import { PRICING, type Quote, type QuoteRequest } from './pricing-service.ts'

const telemetry = startTracing({ serviceName: 'pricing' })

const CENTS: Readonly<Record<string, number>> = { teapot: 2400, kettle: 3900 }

const server = new Server(traceGrpcServer())
server.addService(PRICING, {
  quote({ request }: ServerUnaryCall<QuoteRequest, Quote>, callback: sendUnaryData<Quote>) {
    const cents = CENTS[request.sku]
    if (cents === undefined) callback({ code: status.NOT_FOUND, details: 'no such item' })
    else callback(null, { cents: cents * request.quantity })
  },
})

server.bindAsync(
  `127.0.0.1:${process.env['PORT'] ?? 0}`,
  ServerCredentials.createInsecure(),
  (error, port) => {
    if (error) {
      console.error(`pricing: ${error.message}`)
      process.exit(1)
    }
    console.log(`pricing listens on 127.0.0.1:${port}`)
  },
)
onShutdown(
  () => new Promise(resolve => server.tryShutdown(resolve)),
  () => telemetry.shutdown(),
)
