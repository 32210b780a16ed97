import { describe, expect, it } from '@jest/globals'

import { PATIENCE, programsOf, run } from './documented.ts'

const [pino, winston, plain] = programsOf('logs.md') as [string, string, string]

const SET_UP = `
import { withSpan as inSpan } from '@spanwright/core'
import { startTracing } from '@spanwright/sdk'
startTracing({ serviceName: 'shop', exporter: 'none' })
`

const LOG_IN_SPANS = `
log.info('before')
void inSpan('work', async span => {
  console.log(JSON.stringify(span.spanContext()))
  log.info('at once')
  await Promise.resolve()
  log.child({ part: 'cart' }).info('after an await')
  setImmediate(() => log.info('in a callback'))
})
`

/** Records of a program, after the span context that it prints. */
async function recordsOf(program: string, kind: 'commonjs' | 'module'): Promise<Record<string, unknown>[]> {
  const lines = (await run(SET_UP + program, kind)).trim().split('\n')
  return lines.map(line => JSON.parse(line) as Record<string, unknown>)
}

describe.each(['commonjs', 'module'] as const)('a program in %s', kind => {
  it.each([
    ['pino', pino, 'msg'],
    ['winston', winston, 'message'],
  ])(
    'logs the trace with %s',
    async (_name, program, message) => {
      const records = await recordsOf(program + LOG_IN_SPANS, kind)

      const trace = records.find(record => 'traceId' in record)
      const fields = { trace_id: trace?.['traceId'], span_id: trace?.['spanId'], trace_flags: '01' }
      const logs = records.filter(record => message in record)
      expect(logs.map(log => log[message])).toEqual(['before', 'at once', 'after an await', 'in a callback'])
      expect(logs[0]).not.toHaveProperty('trace_id')
      for (const log of logs.slice(1)) expect(log).toMatchObject(fields)
      expect(logs[2]).toMatchObject({ part: 'cart' })
    },
    PATIENCE,
  )

  it(
    'logs the trace on the console',
    async () => {
      const [imported = '', written = ''] = plain.trim().split('\n\n')
      const program = `${imported}\ninSpan('work', span => {\nconsole.log(JSON.stringify(span.spanContext()))\n${written}\n})`
      const [trace, record] = await recordsOf(program, kind)
      expect(record).toEqual({
        level: 'info',
        message: 'paid',
        trace_id: trace?.['traceId'],
        span_id: trace?.['spanId'],
        trace_flags: '01',
      })
    },
    PATIENCE,
  )
})
