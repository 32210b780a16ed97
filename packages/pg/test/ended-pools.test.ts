import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import { type Span, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { withSpan } from '@spanwright/core'
import { tracePool } from '@spanwright/pg'
import type { Pool } from 'pg'
import { FROM_SOURCE } from '@spanwright/test-kit'

import { useDatabase } from './database.ts'

const db = useDatabase()
const MESSAGE = 'Cannot use a pool after calling end on the pool'

/** The whole span of what waited until there was nothing to wait for. */
function givenUp(name: string, kind: SpanKind, attributes: object): object {
  return {
    name,
    kind,
    status: { code: SpanStatusCode.ERROR, message: MESSAGE },
    events: [
      {
        name: 'exception',
        attributes: {
          'exception.type': 'Error',
          'exception.message': MESSAGE,
          'exception.stacktrace': expect.stringContaining(MESSAGE),
        },
      },
    ],
    links: [],
    attributes: {
      'db.namespace': 'shop',
      'server.address': '127.0.0.1',
      'server.port': db.server.port,
      'error.type': 'Error',
      ...attributes,
    },
  }
}

function selected(text: string): object {
  return { 'db.system.name': 'postgresql', 'db.query.text': text, 'db.query.summary': 'SELECT' }
}

/** True when something settles before the pool has ended. */
async function endsFirst(pool: Pool, waiting: Promise<unknown>, end: () => Promise<void>): Promise<boolean> {
  const settled = waiting.then(
    () => false,
    () => false,
  )
  return Promise.race([settled, end().then(() => pool.ended)])
}

describe('what waits for a pool that ends', () => {
  it('is left without an answer, as without tracing, and ends its span', async () => {
    const bare = db.pool({ max: 1 })
    const traced = tracePool(db.pool({ max: 1 }), { checkout: 'span' })
    for (const pool of [bare, traced]) {
      const client = await pool.connect()
      const waiting = withSpan('caller', () =>
        Promise.race([
          pool.query('SELECT 1'),
          new Promise(resolve => pool.query('SELECT 2 AS n', resolve)),
          pool.connect(),
        ]),
      )
      const end = async (): Promise<void> => {
        const ended = pool.end()
        client.release()
        await ended
      }
      expect(await endsFirst(pool, waiting, end)).toBe(true)
    }
    const [borrowed, first, second, third, ...others] = db.recorder.spans()
    expect(borrowed).toMatchObject({ name: 'checkout', status: { code: SpanStatusCode.UNSET } })
    expect(first).toMatchObject(givenUp('SELECT', SpanKind.CLIENT, selected('SELECT ?')))
    expect(second).toMatchObject(givenUp('SELECT', SpanKind.CLIENT, selected('SELECT ? AS n')))
    expect(third).toMatchObject(givenUp('checkout', SpanKind.INTERNAL, {}))
    expect(new Set([first, second, third].map(span => span?.parentSpanContext?.spanId)).size).toBe(1)
    expect(others).toEqual([])
    const callers = db.recorder.open() as unknown as Span[]
    expect(callers).toMatchObject([{ name: 'caller' }, { name: 'caller' }])
    for (const caller of callers) caller.end()
  })

  it('does so when the pool is ended by callback, with idle clients', async () => {
    const pool = tracePool(db.pool())
    await pool.query('SELECT 1')
    await db.recorder.reset()
    void pool.query('SELECT 2')
    await new Promise<void>(resolve => pool.end(resolve))
    expect(db.recorder.spans()).toMatchObject([givenUp('SELECT', SpanKind.CLIENT, selected('SELECT ?'))])
    expect(db.recorder.open()).toEqual([])
  })
})

describe('end()', () => {
  it('refuses a second time as without tracing', async () => {
    const [bare, traced] = [db.pool(), tracePool(db.pool())]
    const failures = await Promise.all(
      [bare, traced].map(async pool => {
        await pool.end()
        const byCallback = await new Promise(resolve => pool.end(resolve as () => void))
        return [byCallback, await pool.end().catch((error: unknown) => error)]
      }),
    )
    expect(failures[1]).toEqual(failures[0])
    expect(traced.end).toHaveLength(bare.end.length)
    expect(traced.end.name).toBe(bare.end.name)
  })

  it('leaves an unhandled rejection unhandled, as without tracing', async () => {
    // In a separate process: Jest handles such rejections itself.
    const program = `
      const { tracePool } = require('@spanwright/pg')
      const { Pool } = require('pg')
      process.on('unhandledRejection', reason => console.log(reason.message))
      const pool = tracePool(new Pool())
      pool.end().then(() => void pool.end())`
    const options = [...FROM_SOURCE, '--eval', program]
    const { stdout } = await promisify(execFile)(process.execPath, options, { cwd: __dirname })
    expect(stdout).toBe('Called end on pool more than once\n')
  })
})
