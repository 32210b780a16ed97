import { gzipSync } from 'node:zlib'

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import * as fc from 'fast-check'

import { recordedBytes, WIDE } from '../../sdk/test/record/recorded-bytes.ts'
import { aScript } from '../../sdk/test/record/scripts.ts'
import { startViewer, type Viewer } from '../src/index.ts'
import { MalformedRequest } from '../src/decode/budget.ts'
import { decodeJson } from '../src/decode/json.ts'
import { decodeProtobuf } from '../src/decode/protobuf.ts'
import { spansOf } from '../src/decode/spans.ts'
import { findingsOf } from '../src/findings/find.ts'
import { criticalPathOf } from '../src/model/critical-path.ts'
import { documentOf } from '../src/model/document.ts'
import { readTrace } from '../src/model/trace.ts'
import { buildPage } from './page.ts'
import { documentFrom } from './traces.ts'

// The machine may be busy, and programs are started.
jest.setTimeout(30_000)

/** A request in protobuf with one span, encoded by hand. */
const PROTOBUF = field(
  1,
  field(1, field(1, field(1, 'service.name') + field(2, field(1, 'shop')))) +
    field(
      2,
      field(2, field(1, hex('ab'.repeat(16))) + field(2, hex('cd'.repeat(8))) + field(5, 'GET /users')),
    ),
)

function field(number: number, content: string): string {
  return String.fromCharCode((number << 3) | 2, content.length) + content
}

function hex(digits: string): string {
  return Buffer.from(digits, 'hex').toString('latin1')
}

/** Decodes bytes as the receiver does, and computes everything from them. Returns the number of spans. */
function digest(decode: (body: Buffer) => ReturnType<typeof decodeJson>, body: Buffer): number | 'malformed' {
  try {
    const { records } = spansOf(decode(body))
    for (const { span } of records) {
      const trace = readTrace(span.traceId, records)
      findingsOf(trace)
      criticalPathOf(trace)
    }
    documentOf(records)
    return records.length
  } catch (error) {
    if (error instanceof MalformedRequest) return 'malformed'
    throw error
  }
}

describe('the decoder', () => {
  it('reads valid requests', () => {
    expect(digest(decodeProtobuf, Buffer.from(PROTOBUF, 'latin1'))).toBe(1)
    expect(digest(decodeJson, Buffer.from(JSON.stringify(documentFrom([{ id: '1' }]))))).toBe(1)
  })

  it('refuses every truncated message, and accepts or refuses every other', () => {
    const whole = Buffer.from(PROTOBUF, 'latin1')
    for (let length = 1; length < whole.length; length++) {
      expect(digest(decodeProtobuf, whole.subarray(0, length))).toBe('malformed')
    }
  })

  it('survives random bytes, and changed bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
        digest(decodeProtobuf, Buffer.from(bytes))
        digest(decodeJson, Buffer.from(bytes))
      }),
      { numRuns: 200 },
    )
    const change = fc.tuple(fc.nat(PROTOBUF.length - 1), fc.nat(255))
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 5 }), changes => {
        const bytes = Buffer.from(PROTOBUF, 'latin1')
        for (const [at, byte] of changes) bytes[at] = byte
        digest(decodeProtobuf, bytes)
      }),
      { numRuns: 300 },
    )
  })

  it('survives changed bytes of any spans', () => {
    const change = fc.record({ at: fc.nat(), removed: fc.nat(3), added: fc.uint8Array({ maxLength: 3 }) })
    const changes = fc.array(change, { maxLength: 4 })
    fc.assert(
      fc.property(fc.array(aScript, { minLength: 1, maxLength: 3 }), changes, (scripts, changed) => {
        let bytes = Buffer.from(recordedBytes(scripts, WIDE))
        for (const { at, removed, added } of changed) {
          const start = at % bytes.length
          bytes = Buffer.concat([bytes.subarray(0, start), added, bytes.subarray(start + removed)])
        }
        digest(decodeProtobuf, bytes)
      }),
      { numRuns: 100 },
    )
  })

  it('survives JSON with values of any type anywhere', () => {
    const names = [
      'resourceSpans',
      'scopeSpans',
      'spans',
      'attributes',
      'traceId',
      'spanId',
      'value',
      'arrayValue',
      'values',
      'startTimeUnixNano',
      '__proto__',
    ]
    const { json } = fc.letrec(tie => ({
      json: fc.oneof({ maxDepth: 6 }, fc.jsonValue({ maxDepth: 1 }), fc.array(tie('json')), tie('object')),
      object: fc.dictionary(fc.constantFrom(...names), tie('json')),
    }))
    fc.assert(
      fc.property(json, value => void digest(decodeJson, Buffer.from(JSON.stringify(value)))),
      { numRuns: 200 },
    )
  })

  it('accepts a list as the name of a service, and an object as the value of any attribute', () => {
    const list = { kvlistValue: { values: [{ key: 'a', value: { stringValue: 'b' } }] } }
    const attributes = [
      'service.name',
      'service.instance.id',
      'error.type',
      'url.full',
      'http.request.method',
    ].map(key => ({ key, value: list }))
    const document = documentFrom([{ id: '1', kind: 'CLIENT', failed: true, more: { attributes } }])
    const [resource] = document.resourceSpans ?? []
    const given = { resourceSpans: [{ ...resource, resource: { attributes } }] }
    expect(digest(decodeJson, Buffer.from(JSON.stringify(given)))).toBe(1)
  })

  it('survives spans that are their own ancestors, and times out of range', () => {
    const ids = fc.constantFrom('1', '2', '3', '4')
    const times = fc.tuple(fc.bigInt(0n, 2n ** 64n - 1n), fc.bigInt(0n, 2n ** 64n - 1n))
    fc.assert(
      fc.property(fc.array(fc.tuple(ids, ids, times), { maxLength: 8 }), spans => {
        const document = documentFrom(
          spans.map(([id, parent, [start, end]]) => ({
            id,
            parent,
            more: { startTimeUnixNano: String(start), endTimeUnixNano: String(end) },
          })),
        )
        const { records } = spansOf(document)
        const distinct = new Set(records.map(({ span }) => span.spanId))
        expect(readTrace('', records).spans).toHaveLength(distinct.size)
        digest(decodeJson, Buffer.from(JSON.stringify(document)))
      }),
    )
  })

  it('refuses messages that are nested too deeply, and requests with too many of them', () => {
    let nested = field(1, 'x')
    for (let depth = 0; depth < 60 && nested.length < 120; depth++) nested = field(5, field(1, nested))
    const deep = field(1, field(1, field(1, field(1, 'key') + field(2, nested))))
    expect(digest(decodeProtobuf, Buffer.from(deep, 'latin1'))).toBe('malformed')
    const list = '[{"arrayValue":{"values":'
    const json = `{"resourceSpans":[{"resource":{"attributes":[{"key":"a","value":{"arrayValue":{"values":${list.repeat(100)}[]${'}}]'.repeat(100)}}}}]}}]}`
    expect(() => decodeJson(Buffer.from(json))).toThrow('nested more than 48 deep')
    expect(digest(decodeProtobuf, Buffer.alloc(2_200_000, Buffer.from([0x0a, 0x00])))).toBe('malformed')
    expect(digest(decodeJson, Buffer.from('['.repeat(100_000)))).toBe('malformed')
    expect(digest(decodeProtobuf, Buffer.from('0affffffffffffffffff7f', 'hex'))).toBe('malformed')
    expect(digest(decodeProtobuf, Buffer.from(`08${'ff'.repeat(20)}`, 'hex'))).toBe('malformed')
  })

  it('accepts a trace of 20,000 spans in one chain, and of as many siblings', () => {
    const line = Array.from({ length: 20_000 }, (_, index) => ({
      id: String(index + 1),
      ...(index > 0 && { parent: String(index) }),
    }))
    const { records } = spansOf(documentFrom(line))
    const trace = readTrace('', records)
    expect(trace.spans.at(-1)?.depth).toBe(19_999)
    expect(findingsOf(trace)).toEqual([])
    expect(criticalPathOf(trace).size).toBeGreaterThan(0)
    const attributes = { 'http.request.method': 'GET' }
    const siblings = line.map(({ id }, index) => ({
      id,
      kind: 'CLIENT' as const,
      at: [index, index + 1] as const,
      attributes,
      ...(index > 0 && { parent: '1' }),
    }))
    const found = findingsOf(readTrace('', spansOf(documentFrom(siblings)).records))
    expect(found.map(({ kind }) => kind)).toEqual(['one-after-the-other', 'ended-after-parent'])
  })
})

describe('the receiver', () => {
  let viewer: Viewer
  beforeAll(async () => {
    buildPage()
    viewer = await startViewer({ port: 0 })
  })
  afterAll(() => viewer.stop())

  it('responds to random bodies with 200, 400, 413 or 415, and keeps running', async () => {
    const types = fc.constantFrom('application/json', 'application/x-protobuf', 'text/html')
    const encodings = fc.constantFrom('identity', 'gzip', 'really-gzip', 'br')
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 500 }), types, encodings, async (bytes, type, encoding) => {
        const response = await fetch(`${viewer.url}/v1/traces`, {
          method: 'POST',
          headers: { 'content-type': type, 'content-encoding': encoding.replace('really-', '') },
          body: encoding === 'really-gzip' ? gzipSync(bytes) : bytes,
        })
        expect([200, 400, 413, 415]).toContain(response.status)
        await response.arrayBuffer()
      }),
      { numRuns: 30 },
    )
    const body = JSON.stringify(documentFrom([{ id: '1' }]))
    const headers = { 'content-type': 'application/json' }
    expect((await fetch(`${viewer.url}/v1/traces`, { method: 'POST', headers, body })).status).toBe(200)
  })

  it('responds to random paths and queries', async () => {
    await fc.assert(
      fc.asyncProperty(fc.webPath(), fc.webQueryParameters(), async (path, query) => {
        const response = await fetch(`${viewer.url}/api${path}?${query}`)
        expect([200, 400, 404]).toContain(response.status)
        await response.arrayBuffer()
      }),
      { numRuns: 30 },
    )
  })
})
