import grpc from '@grpc/grpc-js'
import { traceGrpcClient, traceGrpcServer } from '@spanwright/grpc'
import { assertTrace, recordSpans } from '@spanwright/testing'

const recorder = recordSpans({ global: true })
const asText = { serialize: text => Buffer.from(text), deserialize: bytes => bytes.toString() }
const method = {
  path: '/shop.Cart/Add',
  requestStream: false,
  responseStream: false,
  requestSerialize: asText.serialize,
  requestDeserialize: asText.deserialize,
  responseSerialize: asText.serialize,
  responseDeserialize: asText.deserialize,
}
const server = new grpc.Server(traceGrpcServer())
server.addService({ Add: method }, { Add: (call, answer) => answer(null, call.request) })
const port = await new Promise((resolve, reject) =>
  server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
    error ? reject(error) : resolve(bound),
  ),
)
const Client = grpc.makeGenericClientConstructor({ Add: method }, 'Cart')
const client = new Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), traceGrpcClient())
await new Promise((resolve, reject) => client.Add('tea', error => (error ? reject(error) : resolve())))
await recorder.waitFor({ kind: 'SERVER' }, { timeout: 20_000 })
assertTrace(recorder, 'CLIENT shop.Cart/Add\n  SERVER shop.Cart/Add')
client.close()
server.forceShutdown()
