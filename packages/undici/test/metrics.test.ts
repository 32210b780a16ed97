import { once } from 'node:events'

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { MetricData } from '@opentelemetry/sdk-metrics'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'

import { startServer, type TestServer } from './server.ts'
import { spansEnded } from './span-assertions.ts'
import { WAYS } from './ways.ts'

let recorder: SpanRecorder
let server: TestServer
let release: (() => void) | undefined
beforeEach(async () => {
  recorder = recordSpans({ global: true })
  server = await startServer((request, response) => {
    request.resume()
    response.setHeader('content-length', 6)
    if (request.url === '/slow') release = () => response.end('answer')
    else request.on('end', () => response.end('answer'))
  })
})
afterEach(async () => {
  await server.stop()
  await recorder.stop()
})

const nextTurn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

async function metric(name: string): Promise<MetricData | undefined> {
  return (await recorder.metrics()).find(({ descriptor }) => descriptor.name === name)
}

async function points(name: string): Promise<unknown[]> {
  return ((await metric(name))?.dataPoints ?? []).map(({ attributes, value }) => [attributes, value])
}

describe.each(WAYS)('%s', (_, start) => {
  const place = (): object => ({ 'server.address': '127.0.0.1', 'server.port': server.port })

  it('records only the duration by default', async () => {
    const way = start()
    await (await way.send(server.origin)).text()
    await way.stop()
    expect((await recorder.metrics()).map(({ descriptor }) => descriptor.name)).toEqual([
      'http.client.request.duration',
    ])
  })

  it('records nothing when metrics are switched off', async () => {
    const way = start({ metrics: false })
    await (await way.send(server.origin)).text()
    await way.stop()
    expect(await recorder.metrics()).toEqual([])
  })

  it('counts the active requests', async () => {
    const way = start({ metrics: { activeRequests: true }, urlTemplate: '/slow' })
    const arrived = once(server.server, 'request')
    const response = way.send(`${server.origin}/slow`)
    await arrived
    const attributes = { ...place(), 'http.request.method': 'GET', 'url.template': '/slow' }
    expect(await points('http.client.active_requests')).toEqual([[attributes, 1]])
    release?.()
    await (await response).text()
    await spansEnded(recorder, 1)
    expect(await points('http.client.active_requests')).toEqual([[attributes, 0]])
    await way.stop()
  })

  it('records the sizes of bodies', async () => {
    const way = start({ metrics: { bodySizes: true } })
    const headers = { 'content-length': '10' }
    const response = await way.send(server.origin, { method: 'POST', body: '0123456789', headers })
    await response.text()
    await way.stop()
    const attributes = {
      ...place(),
      'http.request.method': 'POST',
      'http.response.status_code': 200,
      'network.protocol.version': '1.1',
    }
    expect(await points('http.client.request.body.size')).toMatchObject([[attributes, { count: 1, sum: 10 }]])
    expect(await points('http.client.response.body.size')).toMatchObject([[attributes, { count: 1, sum: 6 }]])
  })

  it('adds the attributes of a hook', async () => {
    const way = start({
      metrics: {
        attributes: ({ method }, { statusCode }) => ({ 'test.told': `${method} ${statusCode}` }),
        bodySizes: true,
      },
    })
    await (await way.send(server.origin)).text()
    await way.stop()
    for (const name of ['http.client.request.duration', 'http.client.response.body.size']) {
      const [point] = (await points(name)) as [[object, unknown]]
      expect(point[0]).toMatchObject({ 'test.told': 'GET 200' })
    }
  })
})

describe.each(WAYS.filter(([name]) => !name.includes('Node')))('%s', (_, start) => {
  it('counts connections and how long they live', async () => {
    const way = start({ metrics: { connections: true } })
    const arrived = once(server.server, 'request')
    const response = way.send(`${server.origin}/slow`)
    await arrived
    const attributes = {
      'server.address': '127.0.0.1',
      'server.port': server.port,
      'network.protocol.version': '1.1',
    }
    const byState = async (): Promise<unknown> =>
      Object.fromEntries(
        ((await points('http.client.open_connections')) as [Record<string, unknown>, number][]).map(
          ([{ 'http.connection.state': state, ...rest }, value]) => {
            expect(rest).toEqual(attributes)
            return [state, value]
          },
        ),
      )
    expect(await byState()).toEqual({ active: 1, idle: 0 })
    release?.()
    await (await response).text()
    await spansEnded(recorder, 1)
    expect(await byState()).toEqual({ active: 0, idle: 1 })

    await way.stop()
    server.server.closeAllConnections()
    while ((await points('http.client.connection.duration')).length === 0) await nextTurn()
    expect(await byState()).toEqual({ active: 0, idle: 0 })
    expect(await points('http.client.connection.duration')).toMatchObject([[attributes, { count: 1 }]])
  })
})
