import { createServer } from 'node:http'

import { requestOf } from '@spanwright/http-servers'
import { describe, expect, it } from '@jest/globals'

import { traceServer } from '@spanwright/http'

import { recorder } from './recorder.ts'
import { answer, ITEM, listen, send } from './service.ts'

describe('the option trustProxy', () => {
  const FORWARDED = [
    'X-Forwarded-For: 203.0.113.9, 10.0.0.2, 10.0.0.1',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Host: shop.example.com:444',
  ]

  it.each([
    [true, '203.0.113.9'],
    [1, '10.0.0.1'],
    [2, '10.0.0.2'],
    [9, '203.0.113.9'],
    [(address: string) => address === '127.0.0.1' || address.startsWith('10.'), '203.0.113.9'],
  ])('%p trusts what proxies forwarded', async (trustProxy, client) => {
    const server = await listen(traceServer(createServer(answer), { trustProxy }))
    await send(server, requestOf('GET /items/7', FORWARDED))

    expect((await recorder.waitFor('GET /items/:id')).attributes).toEqual({
      ...ITEM,
      'client.address': client,
      'url.scheme': 'https',
      'server.address': 'shop.example.com',
      'server.port': 444,
    })
  })

  it.each([
    undefined,
    false,
    0,
    () => false,
    () => {
      throw new Error('no')
    },
  ])('%p trusts none', async trustProxy => {
    const server = await listen(traceServer(createServer(answer), { trustProxy }))
    await send(server, requestOf('GET /items/7', FORWARDED))

    expect((await recorder.waitFor('GET /items/:id')).attributes).toEqual(ITEM)
  })
})
