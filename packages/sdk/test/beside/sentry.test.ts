import { beforeAll, describe, expect, it } from '@jest/globals'

import { PATIENCE } from '../host.ts'
import { ALONE, type Run, startServices } from './processes.ts'

describe('with Sentry 11 in the same process', () => {
  let both: Run
  let reversed: Run
  let forErrors: Run
  beforeAll(async () => {
    await using services = await startServices()
    ;[both, reversed, forErrors] = await Promise.all([
      services.run(['sentry', 'spanwright']),
      services.run(['spanwright', 'sentry']),
      services.run(['spanwright', 'sentry-for-errors']),
    ])
  }, 4 * PATIENCE)

  it('each has whole traces of its own, and ours are what requests carry', () => {
    for (const { traces, carried, answers, problems } of [both, forErrors]) {
      const { requests } = traces
      expect({ requests, carried, answers, problems }).toEqual({ ...ALONE, problems: [] })
    }
  })

  it('the order of set-up makes no difference', () => {
    expect(reversed.traces.requests).toEqual(both.traces.requests)
    expect(reversed.carried).toEqual(both.carried)
  })

  it('an error is linked to the request when Sentry only reports errors', () => {
    const request = forErrors.traces.spans.find(({ name }) => name === 'GET /items/:id')
    expect(errorsOf(forErrors)).toEqual([{ trace_id: request?.traceId, span_id: request?.id }])
  })

  it('an error is in a trace of Sentry when it traces as well', () => {
    const [error] = errorsOf(both)
    expect(error?.trace_id).toMatch(/^[\da-f]{32}$/)
    expect(both.traces.spans.map(({ traceId }) => traceId)).not.toContain(error?.trace_id)
  })

  it('the application behaves as without tracing, and its process ends', () => {
    for (const { answers, code, printed } of [both, reversed, forErrors]) {
      expect({ answers, code, printed }).toEqual({ answers: ALONE.answers, code: 0, printed: '' })
    }
  })
})

interface Reported {
  readonly exception?: unknown
  readonly contexts?: { readonly trace: { readonly trace_id: string; readonly span_id: string } }
}

/** The traces that Sentry's errors name. */
function errorsOf({ items }: Run) {
  return (items as readonly Reported[]).flatMap(({ exception, contexts }) =>
    exception && contexts ? [contexts.trace] : [],
  )
}
