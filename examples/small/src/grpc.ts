import { credentials, Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js'
import { makeClientConstructor, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js'
import type { Client, ClientReadableStream, ServerWritableStream } from '@grpc/grpc-js'

import { requestSpan, withSpan } from '@spanwright/core'
import { traceGrpcClient, traceGrpcServer } from '@spanwright/grpc'
import { startTracing } from '@spanwright/sdk'

const telemetry = startTracing({ serviceName: 'kitchen', exporter: 'console' })

// As a generator would define it.
const text = {
  requestSerialize: (value: string): Buffer => Buffer.from(value),
  requestDeserialize: (bytes: Buffer): string => bytes.toString(),
  responseSerialize: (value: string): Buffer => Buffer.from(value),
  responseDeserialize: (bytes: Buffer): string => bytes.toString(),
}
const KITCHEN = {
  cook: { path: '/shop.Kitchen/Cook', requestStream: false, responseStream: false, ...text },
  menu: { path: '/shop.Kitchen/Menu', requestStream: false, responseStream: true, ...text },
}

const server = new Server(traceGrpcServer({ captureMetadata: { request: ['table'] } }))
server.addService(KITCHEN, {
  async cook({ request }: ServerUnaryCall<string, string>, callback: sendUnaryData<string>) {
    requestSpan()?.setAttribute('dish', request)
    if (request === 'an elephant')
      callback({ code: status.NOT_FOUND, details: 'it does not fit into any pot' })
    else await withSpan('boil', async () => callback(null, `hot ${request}`))
  },
  menu(call: ServerWritableStream<string, string>) {
    for (const dish of ['soup', 'tea']) call.write(dish)
    call.end()
  },
})

interface KitchenClient extends Client {
  cook(dish: string, metadata: Metadata, callback: (error: Error | null, answer?: string) => void): void
  menu(day: string): ClientReadableStream<string>
}

async function dine(address: string): Promise<void> {
  const Kitchen = makeClientConstructor(KITCHEN, 'shop.Kitchen')
  const kitchen = new Kitchen(
    address,
    credentials.createInsecure(),
    traceGrpcClient(),
  ) as unknown as KitchenClient
  const metadata = new Metadata()
  metadata.set('table', '7')
  const cook = (dish: string): Promise<void> =>
    new Promise(resolve => {
      kitchen.cook(dish, metadata, (error, answer) => {
        console.log(error?.message ?? answer)
        resolve()
      })
    })
  for await (const dish of kitchen.menu('today')) console.log('there is', dish)
  await cook('soup')
  await cook('an elephant')
  kitchen.close()
}

server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), async (_error, port) => {
  await withSpan('dine', () => dine(`127.0.0.1:${port}`))
  server.forceShutdown()
  await telemetry.shutdown()
})
