import { context, propagation, ROOT_CONTEXT, type TextMapSetter, trace } from '@opentelemetry/api'
import { describe, expect, it, jest } from '@jest/globals'
import { traceClient } from '@spanwright/pg'
import * as fc from 'fast-check'
import { anyText } from '@spanwright/test-kit/arbitraries'

import { useDatabase } from './database.ts'

// Many queries take their time on a busy machine.
jest.setTimeout(60_000)

const db = useDatabase()

const SENT = 'SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()'

describe('a comment', () => {
  it('remains one, whatever a propagator writes, and does not change the statement of the caller', async () => {
    let writing: [string, string] = ['', '']
    const propagator = {
      inject: (_context: unknown, carrier: unknown, setter: TextMapSetter) => setter.set(carrier, ...writing),
      extract: <Context>(given: Context) => given,
      fields: () => ['traceparent'],
    }
    const client = traceClient(await db.client(), { comment: true, propagator })
    const text = fc.oneof(
      anyText(),
      fc
        .array(fc.constantFrom('*/', '/*', "'", '"', '--', '\n', '\0', ';', 'DROP TABLE x', '\\', '$$', ' '))
        .map(parts => parts.join('')),
    )
    const names = fc.constantFrom('traceparent', 'tracestate')
    await fc.assert(
      fc.asyncProperty(names, text, async (name, value) => {
        writing = [name, value]
        const { rows } = await client.query<{ query: string }>(SENT)
        const [statement, comment = ''] = (rows[0]?.query ?? '').split(' /*')
        expect(statement).toBe(SENT)
        expect(comment).toMatch(/^(?:trace(?:parent|state)='[\w%.~-]*'\*\/)?$/)
      }),
      { numRuns: 60 },
    )
  })

  it('contains no incoming header', async () => {
    const tracestate = 'a=1\r\n*/; DROP TABLE x'
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const came = propagation.extract(ROOT_CONTEXT, { traceparent, tracestate })
    const client = traceClient(await db.client(), {
      comment: true,
      tracerProvider: db.recorder.tracerProvider,
    })
    const parent = trace.getTracer('test').startSpan('parent', {}, came)
    const { rows } = await context.with(trace.setSpan(came, parent), () =>
      client.query<{ query: string }>(SENT),
    )
    parent.end()
    expect(rows[0]?.query).toMatch(
      /^SELECT [^/]+ \/\*traceparent='00-0af7651916cd43dd8448eb211c80319c-[\da-f]{16}-01'\*\/$/,
    )
  })
})
