import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { FROM_SOURCE } from '@spanwright/test-kit'

import { type OtlpDocument, startViewer, type Viewer } from '../src/index.ts'
import type { TraceSummary } from '../src/model/summary.ts'
import { BEGAN, documentFrom, spanIdOf, traceIdOf } from './traces.ts'

// The machine may be busy, and programs are started.
jest.setTimeout(30_000)

const zip = promisify(gzip)
const JSON_TYPE = { 'content-type': 'application/json' }

let viewer: Viewer
beforeAll(async () => {
  viewer = await startViewer({ port: 0 })
})
afterEach(() => fetch(`${viewer.url}/api/traces`, { method: 'DELETE' }))
afterAll(() => viewer.stop())

function post(
  body: Uint8Array | string,
  headers: Readonly<Record<string, string>> = JSON_TYPE,
  path = '/v1/traces',
): Promise<Response> {
  return fetch(`${viewer.url}${path}`, { method: 'POST', headers, body })
}

async function list(query = ''): Promise<TraceSummary[]> {
  const response = await fetch(`${viewer.url}/api/traces${query}`)
  return ((await response.json()) as { traces: TraceSummary[] }).traces
}

async function document(traceId: string): Promise<OtlpDocument> {
  return (await (await fetch(`${viewer.url}/api/traces/${traceId}`)).json()) as OtlpDocument
}

/** Runs a program that sends a span with OpenTelemetry's own SDK. Returns the ids of the span. */
async function sendByOpenTelemetry(...how: readonly string[]): Promise<{ traceId: string; spanId: string }> {
  const program = join(__dirname, 'opentelemetry-program.ts')
  const args = [...FROM_SOURCE, program, `${viewer.url}/v1/traces`, ...how]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return JSON.parse(stdout) as { traceId: string; spanId: string }
}

describe('an exporter of OpenTelemetry JS', () => {
  it.each([
    ['protobuf', 'none'],
    ['protobuf', 'gzip'],
    ['json', 'none'],
    ['json', 'gzip'],
  ])(
    'is received in %s with compression %s',
    async (form, compression) => {
      const { traceId, spanId } = await sendByOpenTelemetry(form, compression)
      const [{ resource, scopeSpans } = {}] = (await document(traceId)).resourceSpans ?? []
      expect(resource?.attributes).toContainEqual({ key: 'service.name', value: { stringValue: 'shop' } })
      expect(scopeSpans).toEqual([
        {
          scope: expect.objectContaining({ name: 'test', version: '1.2.3' }),
          spans: [
            expect.objectContaining({
              traceId,
              spanId,
              name: 'GET /users/:id',
              kind: 2,
              startTimeUnixNano: `${BEGAN}000000`,
              endTimeUnixNano: `${BEGAN + 12}500000`,
              attributes: [
                { key: 'text', value: { stringValue: 'ü' } },
                { key: 'whole', value: { intValue: 2 ** 40 } },
                { key: 'part', value: { doubleValue: 0.5 } },
                { key: 'yes', value: { boolValue: true } },
                { key: 'no', value: { boolValue: false } },
                {
                  key: 'list',
                  value: { arrayValue: { values: [{ stringValue: 'a' }, { stringValue: 'b' }] } },
                },
                { key: 'negative', value: { intValue: -3 } },
              ],
              events: [
                expect.objectContaining({
                  name: 'cache.miss',
                  timeUnixNano: `${BEGAN + 1}000000`,
                  attributes: [{ key: 'key', value: { stringValue: 'user 7' } }],
                }),
              ],
              links: [
                expect.objectContaining({
                  traceId: traceIdOf('cd'),
                  spanId: spanIdOf('7'),
                  attributes: [{ key: 'why', value: { stringValue: 'batch' } }],
                }),
              ],
              status: { code: 2, message: 'broken' },
            }),
          ],
        },
      ])
      expect(await list()).toEqual([
        {
          traceId,
          name: 'GET /users/:id',
          service: 'shop',
          services: ['shop'],
          start: BEGAN,
          duration: 12.5,
          spans: 1,
          errors: 1,
          findings: [],
          complete: true,
        },
      ])
    },
    30_000,
  )
})

describe('metrics and logs', () => {
  it.each(['metrics', 'logs'])('are accepted and dropped: %s', async signal => {
    const response = await post('{"resourceMetrics":[]}', JSON_TYPE, `/v1/${signal}`)
    expect([response.status, await response.text()]).toEqual([200, '{}'])
  })
})

describe('invalid OTLP', () => {
  it.each([
    ['{', JSON_TYPE, 400, /^not JSON/],
    ['[]', JSON_TYPE, 400, /^the document must be an object$/],
    ['{"resourceSpans":{}}', JSON_TYPE, 400, /^the document\.resourceSpans must be an array$/],
    [
      '{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":7}]}]}]}',
      JSON_TYPE,
      400,
      /spans\[0\]\.name must be a string$/,
    ],
    ['{}', { 'content-type': 'text/plain' }, 415, /^content-type must be/],
    ['{}', { ...JSON_TYPE, 'content-encoding': 'br' }, 415, /^content-encoding "br" is not known/],
    ['{}', { ...JSON_TYPE, 'content-encoding': 'gzip' }, 400, /^the body is not gzip/],
  ])('is refused: %s with %j gets status %d and a reason', async (body, headers, status, reason) => {
    const response = await post(body, headers)
    expect(response.status).toBe(status)
    expect(((await response.json()) as { message: string }).message).toMatch(reason)
    expect(await list()).toEqual([])
  })

  it('leaves its connection open, since exporters send again after five seconds', async () => {
    const { headers } = await post(JSON.stringify(documentFrom([{ id: '1' }])))
    expect(headers.get('connection')).toBe('keep-alive')
    expect(headers.get('keep-alive')).toBeNull()
  })

  it('has a response in protobuf when it was sent in protobuf', async () => {
    const response = await post(Buffer.from('0aff', 'hex'), { 'content-type': 'application/x-protobuf' })
    expect(response.status).toBe(400)
    expect(response.headers.get('content-type')).toBe('application/x-protobuf')
    expect(await response.text()).toContain('the message is cut off at byte 2')
  })

  it('loses only spans without ids, which is reported', async () => {
    const sent = documentFrom([{ id: '1' }, { id: '0' }])
    const response = await post(JSON.stringify(sent))
    expect([response.status, await response.json()]).toEqual([
      200,
      { partialSuccess: { rejectedSpans: '1', errorMessage: 'a span id must be 8 bytes, not all zero' } },
    ])
    expect(await list()).toMatchObject([{ spans: 1 }])
  })

  it('is cut when it is too long, and refused when it is too large unpacked', async () => {
    const long = documentFrom([{ id: '1', attributes: { long: 'x'.repeat(100_000) } }])
    expect((await post(JSON.stringify(long))).status).toBe(200)
    expect(JSON.stringify(await document(traceIdOf()))).toContain('… (67232 characters cut)')
    const bomb = await zip(Buffer.alloc(80 * 1024 * 1024, ' '))
    expect((await post(bomb, { ...JSON_TYPE, 'content-encoding': 'gzip' })).status).toBe(413)
    const values = await zip(`[${'[],'.repeat(3_000_000)}[]]`)
    expect((await post(values, { ...JSON_TYPE, 'content-encoding': 'gzip' })).status).toBe(400)
  })
})
