import { describe, expect, it } from '@jest/globals'

import { startReceiver } from '@spanwright/traces'

const BODY = {
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
      scopeSpans: [
        {
          spans: [
            {
              traceId: '0af7651916cd43dd8448eb211c80319c',
              spanId: 'b7ad6b7169203331',
              parentSpanId: '',
              name: 'GET /items/:id',
              kind: 2,
              startTimeUnixNano: '1795363200000123456',
              endTimeUnixNano: '1795363200001123456',
              attributes: [
                { key: 'http.response.status_code', value: { intValue: '503' } },
                { key: 'list', value: { arrayValue: { values: [{ stringValue: 'a' }] } } },
              ],
              links: [{ traceId: 'aa', spanId: 'bb', attributes: [] }],
              events: [
                {
                  name: 'exception',
                  attributes: [{ key: 'exception.type', value: { stringValue: 'Error' } }],
                },
              ],
              status: { code: 2 },
            },
          ],
        },
      ],
    },
  ],
}

function post(url: string, body: string): Promise<Response> {
  return fetch(url, { method: 'POST', body })
}

describe('the receiver', () => {
  it('reads spans and notifies waiting callers', async () => {
    await using receiver = await startReceiver()
    const arrived = receiver.waitUntil(spans => spans.length === 1, 5000)

    const response = await post(`${receiver.endpoint}/v1/traces`, JSON.stringify(BODY))

    expect(response.status).toBe(200)
    expect(await arrived).toBe(true)
    expect(receiver.spans()).toEqual([
      {
        traceId: '0af7651916cd43dd8448eb211c80319c',
        spanId: 'b7ad6b7169203331',
        parentSpanId: undefined,
        service: 'shop',
        kind: 'SERVER',
        name: 'GET /items/:id',
        start: 1795363200000.123,
        end: 1795363200001.123,
        failed: true,
        attributes: { 'http.response.status_code': 503, list: ['a'] },
        links: [{ traceId: 'aa', spanId: 'bb', attributes: {} }],
        events: [{ name: 'exception', attributes: { 'exception.type': 'Error' } }],
      },
    ])
  })

  it('passes every request on unchanged', async () => {
    const bodies: string[] = []
    await using receiver = await startReceiver({ onRequest: body => bodies.push(body) })

    await post(`${receiver.endpoint}/v1/traces`, JSON.stringify(BODY))

    expect(bodies).toEqual([JSON.stringify(BODY)])
  })

  it('refuses bodies without spans, and other paths', async () => {
    await using receiver = await startReceiver()

    expect((await post(`${receiver.endpoint}/v1/traces`, '<xml/>')).status).toBe(400)
    expect((await post(`${receiver.endpoint}/v1/metrics`, '{}')).status).toBe(404)
    expect(receiver.spans()).toEqual([])
  })

  it('stops waiting on timeout', async () => {
    await using receiver = await startReceiver()

    expect(await receiver.waitUntil(spans => spans.length > 0, 20)).toBe(false)
  })
})
