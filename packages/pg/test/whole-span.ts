import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { expect } from '@jest/globals'
import type { SpanRecorder } from '@spanwright/testing'

type RecordedSpan = ReturnType<SpanRecorder['spans']>[number]

/**
 * Holds a span of this package to all that is true of every one, whatever a test looks at: kind, links, where it led
 * to, and that status, `error.type`, SQLSTATE and exception event tell of the same failure, or of none.
 */
export function expectWhole(span: RecordedSpan): void {
  const { name, kind, links, attributes, instrumentationScope } = span
  if (instrumentationScope.name !== '@spanwright/pg') return
  const isQuery = name !== 'transaction' && name !== 'checkout'
  expect({ kind, links, ended: span.ended }).toEqual({
    kind: isQuery ? SpanKind.CLIENT : SpanKind.INTERNAL,
    links: [],
    ended: true,
  })
  if (attributes['db.name'] !== undefined) return
  expect(attributes).toMatchObject({
    'db.namespace': expect.any(String),
    'server.address': expect.any(String),
  })
  expect(attributes['db.system.name']).toBe(isQuery ? 'postgresql' : undefined)
  if (isQuery) expect(name).toBe(attributes['db.query.summary'] ?? 'postgresql')
  expectOneFailure(span)
}

function expectOneFailure({ attributes, status, events }: RecordedSpan): void {
  const errorType = attributes['error.type']
  const code = attributes['db.response.status_code']
  if (errorType === undefined) {
    expect({ status, events, code }).toEqual({
      status: { code: SpanStatusCode.UNSET },
      events: [],
      code: undefined,
    })
    return
  }
  expect(status.code).toBe(SpanStatusCode.ERROR)
  expect(code ?? errorType).toBe(errorType)
  expect(events.length).toBeLessThanOrEqual(1)
  for (const event of events) {
    expect([event.name, event.attributes?.['exception.message']]).toEqual(['exception', status.message])
  }
}
