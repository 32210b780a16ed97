import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import * as grpc from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { traceGrpcClient, traceGrpcServer } from '@spanwright/grpc'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'
import '@spanwright/testing/jest'

const PROTO = `
  syntax = "proto3";
  package shop.v1;
  service Cart {
    rpc Add (Item) returns (Total);
    rpc List (Total) returns (stream Item);
  }
  message Item { string name = 1; int32 amount = 2; }
  message Total { int32 amount = 1; }
`

interface Item {
  readonly name: string
  readonly amount: number
}

interface CartClient extends grpc.Client {
  add(item: Item, callback: (error: grpc.ServiceError | null, total?: { amount: number }) => void): void
  list(total: { amount: number }): grpc.ClientReadableStream<Item>
}

let recorder: SpanRecorder
let folder: string
beforeAll(() => {
  recorder = recordSpans({ global: true })
  folder = mkdtempSync(join(tmpdir(), 'spanwright-grpc-'))
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await recorder.stop()
})

it('traces clients and services that proto-loader creates', async () => {
  const file = join(folder, 'cart.proto')
  writeFileSync(file, PROTO)
  const { Cart } = (grpc.loadPackageDefinition(loadSync(file)) as never)['shop']['v1'] as {
    Cart: grpc.ServiceClientConstructor
  }
  const server = new grpc.Server(traceGrpcServer({ messageSizes: true }))
  server.addService(Cart.service, {
    add: (call: { request: Item }, callback: grpc.sendUnaryData<unknown>) =>
      callback(null, { amount: call.request.amount + 1 }),
    list: (call: grpc.ServerWritableStream<unknown, unknown>) => {
      call.write({ name: 'teapot', amount: 1 })
      call.end()
    },
  })
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  const client = new Cart(
    `dns:///localhost:${port}`,
    grpc.credentials.createInsecure(),
    traceGrpcClient({ messageSizes: true }),
  ) as unknown as CartClient
  const total = await new Promise(resolve => {
    client.add({ name: 'teapot', amount: 2 }, (_error, value) => resolve(value))
  })
  expect(total).toEqual({ amount: 3 })
  const items: unknown[] = []
  for await (const item of client.list({ amount: 3 })) items.push(item)
  expect(items).toEqual([{ name: 'teapot', amount: 1 }])
  client.close()
  server.forceShutdown()

  await recorder.waitFor({ kind: 'SERVER', name: 'shop.v1.Cart/List' })
  expect(recorder).toMatchTrace([
    { kind: 'CLIENT', name: 'shop.v1.Cart/Add', children: [{ kind: 'SERVER', name: 'shop.v1.Cart/Add' }] },
    { kind: 'CLIENT', name: 'shop.v1.Cart/List', children: [{ kind: 'SERVER', name: 'shop.v1.Cart/List' }] },
  ])
  for (const { attributes } of recorder.spans()) {
    expect(attributes).toMatchObject({
      'server.address': 'localhost',
      'server.port': port,
      'spanwright.rpc.request.size': expect.any(Number),
    })
    expect(attributes['spanwright.rpc.response.size']).toBeGreaterThan(0)
  }
})
