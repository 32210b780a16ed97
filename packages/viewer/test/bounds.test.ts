import { once } from 'node:events'
import { connect } from 'node:net'

import { describe, expect, it } from '@jest/globals'
import { serve } from '@spanwright/test-kit'

import { startViewer } from '../src/index.ts'
import type { TraceSummary } from '../src/model/summary.ts'
import { documentFrom } from './traces.ts'

describe('the ports', () => {
  it('are those of the loopback addresses of IPv4 and IPv6', async () => {
    await using viewer = await startViewer({ port: 0 })
    for (const host of ['127.0.0.1', '::1']) {
      const socket = connect(viewer.port, host)
      await once(socket, 'connect')
      socket.destroy()
    }
  })

  it('are the next free ones when the wanted port is in use, which is reported', async () => {
    await using other = await serve((_request, response) => void response.end())
    await using second = await startViewer({ port: other.port })
    expect(second.port).toBeGreaterThan(other.port)
    expect(second.takenPort).toBe(other.port)
  })

  it('must be valid', async () => {
    await expect(startViewer({ port: 70_000 })).rejects.toThrow(
      new TypeError('startViewer: port must be an integer from 0 to 65535; got 70000'),
    )
  })
})

describe('the limit in bytes', () => {
  it('drops the oldest traces first, and counts them', async () => {
    await using small = await startViewer({ port: 0, maxBytes: 20_000 })
    const text = 'x'.repeat(3000)
    for (const pair of ['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7', 'a8'])
      small.add(documentFrom([{ id: '1', trace: pair, attributes: { text } }]))
    const response = await fetch(`${small.url}/api/traces`)
    const { traces, store } = (await response.json()) as {
      traces: TraceSummary[]
      store: { evicted: number; bytes: number }
    }
    expect(traces.map(trace => trace.traceId.slice(0, 2))).toEqual(['a8', 'a7', 'a6', 'a5'])
    expect(store.evicted).toBe(4)
    expect(store.bytes).toBeLessThanOrEqual(20_000)
  })

  it('does not let one trace evict all others', async () => {
    await using small = await startViewer({ port: 0, maxBytes: 20_000 })
    small.add(documentFrom([{ id: '1', trace: 'a1' }]))
    small.add(
      documentFrom(Array.from({ length: 100 }, (_, index) => ({ id: String(index + 1), trace: 'a2' }))),
    )
    const response = await fetch(`${small.url}/api/traces`)
    const { traces, store } = (await response.json()) as {
      traces: TraceSummary[]
      store: { dropped: number }
    }
    expect(traces).toHaveLength(2)
    expect(traces[0]?.spans).toBe(100 - store.dropped)
    expect(store.dropped).toBeGreaterThan(0)
  })
})
