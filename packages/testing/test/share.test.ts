import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { assertComplete, assertSpan, recordSpans } from '@spanwright/testing'
import '@spanwright/testing/jest'

import { failureOf, makeOrderTrace, makeSpan } from './spans.ts'

const folder = mkdtempSync(join(tmpdir(), 'spanwright share '))
beforeAll(() => {
  execFileSync(process.execPath, [join(__dirname, '..', '..', 'viewer', 'build-page.mjs')])
})
afterAll(() => rmSync(folder, { recursive: true }))

/** The path at the end of a failure message. */
function pathIn(message: string): string {
  return /\n\nas a page: (.*\.html)$/.exec(message)?.[1] ?? ''
}

/** The contents of a share file. */
function contentsOf(path: string): unknown {
  const [, json = ''] =
    /<script type="application\/json" id="shared">(.*)<\/script>/.exec(readFileSync(path, 'utf8')) ?? []
  return JSON.parse(json)
}

describe('a failure of a recorder with shareFailures', () => {
  it('ends with the path of a page that contains the recording', async () => {
    await using recorder = recordSpans({ shareFailures: folder, resource: { 'service.name': 'shop' } })
    makeSpan(
      recorder,
      'POST /orders',
      { attributes: { list: ['a'], part: 0.5, whole: 2 }, error: '23505' },
      span => {
        span.addEvent('retry', { after: 3 })
      },
    )
    const path = pathIn(failureOf(() => expect(recorder).toHaveSpan({ name: 'GET /orders' })))
    expect(join(folder, basename(path))).toBe(path)
    const [span] = recorder.spans()
    const { traceId, spanId } = span?.spanContext() ?? {}
    expect(contentsOf(path)).toMatchObject({
      document: {
        resourceSpans: [
          {
            resource: {
              attributes: expect.arrayContaining([{ key: 'service.name', value: { stringValue: 'shop' } }]),
            },
            scopeSpans: [
              {
                scope: { name: 'test' },
                spans: [
                  {
                    traceId,
                    spanId,
                    name: 'POST /orders',
                    kind: 1,
                    attributes: [
                      { key: 'list', value: { arrayValue: { values: [{ stringValue: 'a' }] } } },
                      { key: 'part', value: { doubleValue: 0.5 } },
                      { key: 'whole', value: { intValue: 2 } },
                      { key: 'error.type', value: { stringValue: '23505' } },
                    ],
                    events: [{ name: 'retry', attributes: [{ key: 'after', value: { intValue: 3 } }] }],
                    status: { code: 2, message: 'failed with 23505' },
                  },
                ],
              },
            ],
          },
        ],
      },
    })
  })

  it('has a page when it is from a matcher, an assertion, or a wait', async () => {
    await using recorder = recordSpans({ shareFailures: folder })
    makeOrderTrace(recorder)
    recorder.tracerProvider.getTracer('test').startSpan('open')
    const messages = [
      failureOf(() => expect(recorder).toMatchTrace('GET /nothing')),
      failureOf(() => expect(recorder).not.toHaveSpan({ name: 'POST /orders' })),
      failureOf(() => assertComplete(recorder)),
      await recorder.waitFor('GET /nothing', { timeout: 1 }).then(String, String),
    ]
    expect(new Set(messages.map(pathIn)).size).toBe(1)
    expect(readFileSync(pathIn(messages[0] ?? ''), 'utf8')).toContain('INSERT orders')
  })

  it('has no page without spans, for other spans, or for a recorder without the option', async () => {
    await using recorder = recordSpans({ shareFailures: folder })
    await using other = recordSpans()
    makeSpan(other, 'GET /')
    const before = readdirSync(folder)
    for (const source of [recorder, other, other.spans()])
      expect(failureOf(() => assertSpan(source, { name: 'GET /nothing' }))).not.toContain('as a page')
    expect(readdirSync(folder)).toEqual(before)
  })

  it('says so when the file cannot be written', async () => {
    await using recorder = recordSpans({ shareFailures: join(__filename, 'below a file') })
    makeSpan(recorder, 'GET /')
    expect(failureOf(() => assertSpan(recorder, { name: 'GET /nothing' }))).toMatch(
      /no share file was written: Error: ENOTDIR/,
    )
  })
})

it('refuses a folder that is not a path', () => {
  expect(() => recordSpans({ shareFailures: '' })).toThrow(
    new TypeError('recordSpans: shareFailures must be the path of a folder; got '),
  )
})
