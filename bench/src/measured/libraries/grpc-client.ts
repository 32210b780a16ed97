import { Metadata } from '@grpc/grpc-js'

import { connectTo } from '../grpc.ts'
import { isByHand } from '../by-hand/is-by-hand.ts'
import { clientByHand } from '../by-hand/grpc.ts'
import { Callers, type OpenScenario } from '../scenario.ts'

const CONCURRENCY = 8

/** Unary calls of a client of grpc-js over one connection. */
export const open: OpenScenario = async ({ variant, service }) => {
  const options =
    variant === 'spanwright'
      ? (await import('@spanwright/grpc')).traceGrpcClient()
      : isByHand(variant)
        ? { interceptors: [clientByHand(service)] }
        : {}
  const client = connectTo(service, options)
  const find = (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      client.find({ id: '42', name: '' }, new Metadata(), (error, user) =>
        error ? reject(error) : resolve(user),
      )
    })
  return new Callers(CONCURRENCY, find, async () => client.close())
}
