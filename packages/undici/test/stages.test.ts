import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { recordTests } from '@spanwright/test-kit/recorder'

import { startServer, type TestServer } from './server.ts'
import { onlySpan } from './span-assertions.ts'
import { WAYS } from './ways.ts'

const recorder = recordTests()
let server: TestServer
beforeAll(async () => {
  server = await startServer((request, response) => {
    request.resume()
    request.on('end', () => response.end('answer'))
  })
})
afterAll(async () => {
  await server.stop()
})

describe.each(WAYS.filter(([name]) => !name.includes('Node')))('%s', (name, start) => {
  const firstByte = name.startsWith('traceUndici()') ? [] : ['spanwright.response.start']

  it('records the stages of a request that opens its connection, in order', async () => {
    const way = start({ stages: true }, { connections: 1 })
    const url = `http://localhost:${server.port}/`
    await (await way.send(url, { method: 'POST', body: 'sent' })).text()

    const { events, startTime, endTime } = onlySpan(recorder)
    expect(events.map(event => event.name)).toEqual([
      'spanwright.connect.start',
      'spanwright.dns.end',
      'spanwright.connect.end',
      'spanwright.request.start',
      'spanwright.request.end',
      ...firstByte,
      'spanwright.response.headers',
    ])
    const times = [startTime, ...events.map(({ time }) => time), endTime].map(
      ([seconds, nanos]) => seconds * 1e6 + nanos / 1e3,
    )
    // Clocks of the span and of its events are read apart: allow for what rounding does.
    for (const [i, time] of times.slice(1).entries()) expect(time).toBeGreaterThan((times[i] ?? 0) - 100)

    await recorder.reset()
    await (await way.send(url)).text()
    expect(onlySpan(recorder).events.map(event => event.name)).toEqual([
      'spanwright.request.start',
      'spanwright.request.end',
      ...firstByte,
      'spanwright.response.headers',
    ])
    await way.stop()
  })
})
