import { inspect } from 'node:util'

import { SpanStatusCode } from '@opentelemetry/api'
import { expect, it } from '@jest/globals'
import { withSpan } from '@spanwright/core'
import type { SpanRecorder } from '@spanwright/testing'

export const SECRET = 'sesame'
/** Its error quotes the value. */
export const QUOTING = `SELECT '${SECRET}'::int`

/** Makes a call that fails in a span; returns the error, and everything recorded on the spans. */
export async function failIn(
  recorder: SpanRecorder,
  work: () => Promise<unknown>,
  options = {},
): Promise<{ error: Error; told: string }> {
  const error = await withSpan('handler', work, options).then(
    () => {
      throw new Error('did not fail')
    },
    (reason: unknown) => reason as Error,
  )
  const spans = recorder.spans()
  expect(spans.at(-1)).toMatchObject({ name: 'handler', status: { code: SpanStatusCode.ERROR } })
  const told = spans.map(({ name, status, attributes, events }) => ({ name, status, attributes, events }))
  return { error, told: inspect(told, { depth: 9, maxStringLength: null }) }
}

/** Tests of ways to make a query whose error quotes a value. */
export function testQuotedValues(
  recorder: () => SpanRecorder,
  ways: Readonly<Record<string, () => Promise<unknown>>>,
): void {
  it.each(Object.entries(ways))('shows SQLSTATE and condition on every span: %s', async (_, work) => {
    const { error, told } = await failIn(recorder(), work)

    expect(inspect(error)).toContain(SECRET)
    expect(told).not.toContain(SECRET)
    expect(told.split('22P02 invalid_text_representation').length).toBeGreaterThan(4)
  })

  it.each(Object.entries(ways))(
    'is shown with errorMessages raw, by the span that has it: %s',
    async (_, work) => {
      const { told } = await failIn(recorder(), work, { errorMessages: 'raw' })
      expect(told.match(new RegExp(SECRET, 'g'))?.length).toBeGreaterThan(1)
    },
  )
}
