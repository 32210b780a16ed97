import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'

import { startViewer, type Viewer } from '../src/index.ts'
import { readTraceFile } from '../src/cli/files.ts'
import type { Finding } from '../src/findings/finding.ts'
import type { TraceSummary } from '../src/model/summary.ts'
import { documentFrom, traceIdOf } from './traces.ts'

let viewer: Viewer
beforeAll(async () => {
  viewer = await startViewer({ port: 0 })
  viewer.add(
    documentFrom([
      {
        id: '1',
        trace: 'a1',
        name: 'GET /users/:id',
        kind: 'SERVER',
        at: [0, 20],
        attributes: { tenant: 'blue', size: 3 },
      },
      { id: '2', trace: 'a1', parent: '1', name: 'SELECT users', service: 'database', at: [1, 9] },
    ]),
  )
  viewer.add(
    documentFrom([
      {
        id: '1',
        trace: 'a2',
        name: 'POST /orders',
        kind: 'SERVER',
        at: [10, 400],
        failed: true,
        attributes: { tenant: 'Red One' },
      },
    ]),
  )
})
afterAll(() => viewer.stop())

async function idsFor(query: string): Promise<string[]> {
  const response = await fetch(`${viewer.url}/api/traces?${query}`)
  return ((await response.json()) as { traces: TraceSummary[] }).traces.map(trace =>
    trace.traceId.slice(0, 2),
  )
}

describe('GET /api/traces', () => {
  it.each([
    ['', ['a2', 'a1']],
    ['limit=1', ['a2']],
    ['text=select', ['a1']],
    ['text=red', ['a2']],
    [`text=${traceIdOf('a1')}`, ['a1']],
    ['text=nothing', []],
    ['service=database', ['a1']],
    ['route=POST%20/orders', ['a2']],
    ['attribute=tenant', ['a2', 'a1']],
    ['attribute=tenant%3DRed%20One', ['a2']],
    ['attribute=size%3D3', ['a1']],
    ['attribute=service.name%3Ddatabase', ['a1']],
    ['minDuration=100', ['a2']],
    ['errors=1', ['a2']],
    ['errors=1&service=database', []],
  ])('with %j lists %j', async (query, ids) => {
    expect(await idsFor(query)).toEqual(ids)
  })

  it('refuses an invalid duration', async () => {
    const response = await fetch(`${viewer.url}/api/traces?minDuration=long`)
    expect([response.status, await response.json()]).toEqual([
      400,
      { error: 'minDuration must be a number of milliseconds' },
    ])
  })

  it('with follow=1 writes a line for each existing trace, and for each one that arrives', async () => {
    const stop = new AbortController()
    const response = await fetch(`${viewer.url}/api/traces?follow=1&service=later`, { signal: stop.signal })
    expect(response.headers.get('content-type')).toBe('application/x-ndjson')
    viewer.add(documentFrom([{ id: '1', trace: 'a3', name: 'tick', service: 'later' }]))
    const [line] = await linesOf(response, 1)
    expect(JSON.parse(line ?? '')).toMatchObject({ traceId: traceIdOf('a3'), name: 'tick', spans: 1 })
    stop.abort()
  })
})

async function linesOf(response: Response, number: number): Promise<string[]> {
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true })
    const lines = text.split('\n').filter(line => line !== '')
    if (lines.length >= number && text.endsWith('\n')) return lines
  }
  throw new Error(`ended after ${text}`)
}

describe('GET /api/traces/:id', () => {
  it('is a document of OTLP JSON', async () => {
    const response = await fetch(`${viewer.url}/api/traces/${traceIdOf('a1')}`)
    expect(await response.json()).toEqual(
      documentFrom([
        {
          id: '1',
          name: 'GET /users/:id',
          trace: 'a1',
          kind: 'SERVER',
          at: [0, 20],
          attributes: { tenant: 'blue', size: 3 },
        },
        { id: '2', trace: 'a1', parent: '1', name: 'SELECT users', service: 'database', at: [1, 9] },
      ]),
    )
  })

  it('responds with 404 when there is no such trace', async () => {
    const response = await fetch(`${viewer.url}/api/traces/${traceIdOf('ff')}`)
    expect(response.status).toBe(404)
    expect(await response.json()).toEqual({ error: expect.stringContaining('did not arrive, or made room') })
  })
})

describe('DELETE /api/traces', () => {
  it('forgets all traces, and followers are notified', async () => {
    await using own = await startViewer({ port: 0 })
    own.add(documentFrom([{ id: '1', trace: 'a1' }]))
    const events = await fetch(`${own.url}/api/events`)
    const told = linesOf(events, 2)
    expect((await fetch(`${own.url}/api/traces`, { method: 'DELETE' })).status).toBe(204)
    const last = JSON.parse((await told).at(-1)?.slice('data: '.length) ?? '') as {
      gone: string[]
      store: unknown
    }
    expect(last).toMatchObject({
      updated: [],
      gone: [traceIdOf('a1')],
      store: { traces: 0, spans: 0, bytes: 0 },
    })
  })
})

describe('a call that lost its context', () => {
  it('is found by the request that its process was handling, in any order of arrival', async () => {
    await using own = await startViewer({ port: 0 })
    const request = documentFrom([{ id: '1', trace: 'a1', name: 'GET /users', kind: 'SERVER', at: [0, 50] }])
    const call = documentFrom([{ id: '2', trace: 'a2', name: 'GET', kind: 'CLIENT', at: [10, 20] }])
    const elsewhere = documentFrom([
      { id: '2', trace: 'a3', name: 'GET', kind: 'CLIENT', service: 'cron', at: [10, 20] },
    ])
    const later = documentFrom([{ id: '2', trace: 'a4', name: 'GET', kind: 'CLIENT', at: [60, 70] }])
    for (const document of [call, elsewhere]) own.add(document)
    const findings = async (pair: string): Promise<Finding[]> => {
      const response = await fetch(`${own.url}/api/traces/${traceIdOf(pair)}/view`)
      return ((await response.json()) as { findings: Finding[] }).findings
    }
    expect(await findings('a2')).toEqual([])
    for (const document of [request, later]) own.add(document)
    expect(await findings('a2')).toMatchObject([
      { kind: 'lost-context', evidence: expect.stringContaining('shop was serving GET /users') },
    ])
    expect([await findings('a3'), await findings('a4')]).toEqual([[], []])
  })
})

describe('a file', () => {
  it('that does not exist is an error', () => {
    expect(() => readTraceFile('/nowhere.json')).toThrow('ENOENT')
  })
})
